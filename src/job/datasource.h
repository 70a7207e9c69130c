// Datasources as weir.yaml declares them.
#pragma once

#include "job/bind.h"
#include "job/project.h"

// The datasource that `node` (a mapping) declares. Mistakes go to the binder's problems; the result
// is then not to be used, but to be freed like any other. Relative paths count from `dir`.
Datasource *datasource_bind(const Binder *binder, const char *name, const DocNode *node,
                            const char *dir) MUST_CHECK;

// "disabled" ... in the order of TlsMode; ends with NULL.
extern const char *const TLS_MODE_NAMES[];

// Ranges and defaults that the URL shares with the file.
enum {
    MYSQL_PORT_DEFAULT = 3306,
    CONNECT_TIMEOUT_DEFAULT = 10,
    READ_TIMEOUT_DEFAULT = 3600,
    TIMEOUT_MAX = 7 * 24 * 3600,
};

// `path` seen from `dir`: absolute, without "./" at its start. NULL gives NULL.
char *path_from(const char *dir, const char *path) MUST_CHECK;

// "s3://bucket": a place that is no folder.
bool path_is_url(const char *path);

// The table of sources. A new one adds a folder, its `const SourceOps`, and a line here.
#include "base/base.h"

#include "source/source.h"

#include "base/text.h"
#include "source/mysql/source_mysql.h"

static const SourceOps *const sources[] = {
    &source_mysql_ops,
};

const SourceOps *source_ops(const char *type)
{
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        if (text_equal(sources[i]->name, type)) {
            return sources[i];
        }
    }
    return NULL;
}

// A table is a folder of the lake. Names that begin with "." or "_" are hidden from readers of it,
// and some readers take folders for URLs.
#include "base/base.h"

#include "record/table_name.h"

#define TABLE_NAME_MAX 200

const char *table_name_mistake(const char *name)
{
    if (name[0] == '\0') {
        return "cannot be empty";
    }
    if (strchr(name, '/') != NULL) {
        return "is a name in the lake, without \"/\"";
    }
    if (name[0] == '.' || name[0] == '_') {
        return "cannot begin with \".\" or \"_\": readers of a lake pass over such folders";
    }
    if (strpbrk(name, "%\\") != NULL) {
        return "cannot hold \"%\" or \"\\\": readers of a lake that take folders for URLs do not find it";
    }
    for (const char *at = name; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7F) {
            return "holds a control character";
        }
    }
    if (name[0] == ' ' || name[strlen(name) - 1] == ' ') {
        return "begins or ends with a space";
    }
    return strlen(name) > TABLE_NAME_MAX ? "is too long for the name of a folder" : NULL;
}

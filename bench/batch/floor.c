// The floor of every batch copy: reads a table over two connections and throws the rows away.
//
// Usage: floor SOCKET DATABASE TABLE KEY MIDDLE. Each connection reads one side of KEY < MIDDLE, as
// text, unbuffered, through libmariadb with its defaults: what the server and the client library
// cost when nothing is decoded, kept or written. It shares no code with weir.
#include <mysql.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct Range {
    char **argv;
    const char *comparison;
    unsigned long long rows, bytes;
} Range;

static void floor_fail(MYSQL *connection)
{
    fprintf(stderr, "floor: %s\n", mysql_error(connection));
    exit(1);
}

static void *floor_read(void *argument)
{
    Range *const range = argument;
    char query[512];
    (void)snprintf(query, sizeof(query), "SELECT * FROM `%s` WHERE `%s` %s %s", range->argv[3],
                   range->argv[4], range->comparison, range->argv[5]);
    MYSQL *const connection = mysql_init(NULL);
    if (mysql_real_connect(connection, "localhost", "root", "", range->argv[2], 0, range->argv[1],
                           0)
            == NULL
        || mysql_query(connection, "SET NAMES utf8mb4") != 0
        || mysql_query(connection, query) != 0) {
        floor_fail(connection);
    }
    MYSQL_RES *const result = mysql_use_result(connection);
    if (result == NULL) {
        floor_fail(connection);
    }
    const unsigned columns = mysql_num_fields(result);
    while (mysql_fetch_row(result) != NULL) {
        const unsigned long *const lengths = mysql_fetch_lengths(result);
        for (unsigned i = 0; i < columns; i++) {
            range->bytes += lengths[i];
        }
        range->rows++;
    }
    if (mysql_errno(connection) != 0) {
        floor_fail(connection);
    }
    mysql_free_result(result);
    mysql_close(connection);
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: floor SOCKET DATABASE TABLE KEY MIDDLE\n");
        return 2;
    }
    Range ranges[2] = {{.argv = argv, .comparison = "<"}, {.argv = argv, .comparison = ">="}};
    pthread_t threads[2];
    (void)mysql_library_init(0, NULL, NULL);
    for (int i = 0; i < 2; i++) {
        if (pthread_create(&threads[i], NULL, floor_read, &ranges[i]) != 0) {
            return 1;
        }
    }
    for (int i = 0; i < 2; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    printf("%llu rows, %llu bytes\n", ranges[0].rows + ranges[1].rows,
           ranges[0].bytes + ranges[1].bytes);
    return 0;
}

// The table of errors. What is named in a job and does not exist is the configuration's problem;
// connecting, privileges and everything else is the source's. Numbers that are not here are the
// source's, without a hint.
#include "source/mysql/connect_error.h"

#include <errmsg.h>

static const char hint_network[] =
    "Check host, port or socket of the datasource, that the server runs, and that no firewall is in between.";
static const char hint_password[] =
    "Check user and password of the datasource, and that the server lets this user in from this machine.";
static const char hint_lost[] =
    "The connection broke while it was in use: look into the server's error log, and at network devices that drop quiet connections.";
static const char hint_busy[] =
    "The server takes no more work at the moment: try again later, or use fewer `threads`.";
static const char hint_grant[] = "Grant the user SELECT on the job's tables.";
static const char hint_column[] =
    "Correct `columns`, `where`, `incremental`, `split` or `query` in the job's source.";
static const char hint_sql[] =
    "Correct the SQL of `columns`, `where` or `query` in the job's source.";
static const char hint_tls[] =
    "Check `tls` and `tls_ca` of the datasource against what the server offers; `tls: disabled` connects without encryption.";
static const char hint_changed[] =
    "The table's structure was changed while it was read; the run can be started over.";
static const char hint_timeout[] =
    "Raise the server's time limit for this user, or cut the work with `where`.";
static const char hint_statements[] =
    "Clients hold as many prepared statements as the server lets them: raise max_prepared_stmt_count on the server, or look for the client that does not close its own (Prepared_stmt_count).";
static const char hint_packet[] = "Raise max_allowed_packet on the server.";
static const char hint_plugin[] =
    "Install libmariadb's plugin for the user's authentication method, or give the user another method.";

static const ErrorRule error_rules[] = {
    {CR_CONNECTION_ERROR, FAIL_SOURCE, false, hint_network},
    {CR_CONN_HOST_ERROR, FAIL_SOURCE, false, hint_network},
    {CR_UNKNOWN_HOST, FAIL_SOURCE, false, hint_network},
    {CR_SERVER_GONE_ERROR, FAIL_SOURCE, true, hint_lost},
    {CR_SERVER_LOST, FAIL_SOURCE, true, hint_lost},
    {CR_SERVER_LOST_EXTENDED, FAIL_SOURCE, true, hint_lost},
    {CR_SERVER_HANDSHAKE_ERR, FAIL_SOURCE, true, hint_lost},
    {CR_MALFORMED_PACKET, FAIL_SOURCE, true, hint_lost},
    {CR_ERR_NET_READ, FAIL_SOURCE, true, hint_lost},
    {CR_ERR_NET_WRITE, FAIL_SOURCE, true, hint_lost},
    {CR_SSL_CONNECTION_ERROR, FAIL_SOURCE, false, hint_tls},
    {CR_AUTH_PLUGIN_CANNOT_LOAD, FAIL_SOURCE, false, hint_plugin},
    {CR_NET_PACKET_TOO_LARGE, FAIL_SOURCE, false, hint_packet},
    {1040 /* too many connections */, FAIL_SOURCE, true, hint_busy},
    {1044 /* no access to the database */, FAIL_SOURCE, false, hint_grant},
    {1045 /* access denied */, FAIL_SOURCE, false, hint_password},
    {1049 /* unknown database */, FAIL_CONFIG, false, "Correct `database` of the datasource."},
    {1053 /* shutdown in progress */, FAIL_SOURCE, true, hint_lost},
    {1054 /* unknown column */, FAIL_CONFIG, false, hint_column},
    {1059 /* identifier too long */, FAIL_CONFIG, false,
     "Give the expression an alias: `expression AS name`."},
    {1060 /* duplicate column name */, FAIL_CONFIG, false,
     "Give each column of the query a name of its own with AS."},
    {1064 /* syntax */, FAIL_CONFIG, false, hint_sql},
    {1109 /* unknown table in a clause */, FAIL_CONFIG, false, hint_column},
    {1129 /* host is blocked */, FAIL_SOURCE, false,
     "Unblock this machine on the server with FLUSH HOSTS."},
    {1130 /* host is not allowed */, FAIL_SOURCE, false, hint_password},
    {1142 /* command denied on a table */, FAIL_SOURCE, false, hint_grant},
    {1143 /* command denied on a column */, FAIL_SOURCE, false,
     "Grant the user SELECT on the whole table, or name the columns it may read in `columns`."},
    {1146 /* no such table */, FAIL_CONFIG, false,
     "Correct `table` in the job's source; names are case-sensitive on most servers."},
    {1153 /* packet too large */, FAIL_SOURCE, false, hint_packet},
    {1158, FAIL_SOURCE, true, hint_lost},
    {1159, FAIL_SOURCE, true, hint_lost},
    {1160, FAIL_SOURCE, true, hint_lost},
    {1161, FAIL_SOURCE, true, hint_lost},
    {1176 /* an index is gone */, FAIL_SOURCE, true, hint_changed},
    {1193 /* unknown variable */, FAIL_SOURCE, false, NULL},
    {1203 /* too many connections of the user */, FAIL_SOURCE, true, hint_busy},
    {1205 /* lock wait */, FAIL_SOURCE, true, NULL},
    {1213 /* deadlock */, FAIL_SOURCE, true, NULL},
    {1226 /* user's resources used up */, FAIL_SOURCE, false, hint_busy},
    {1227 /* privilege needed */, FAIL_SOURCE, false, NULL},
    {1251 /* client too old for the authentication */, FAIL_SOURCE, false, hint_plugin},
    {1356 /* view refers to what is not there */, FAIL_SOURCE, false,
     "Repair the view on the server."},
    {1412 /* table definition has changed */, FAIL_SOURCE, true, hint_changed},
    {1295 /* not in the prepared statement protocol */, FAIL_CONFIG, false,
     "Rows are read by prepared statements: make `query` a SELECT, or another statement that the server lets be prepared."},
    {1317 /* query interrupted */, FAIL_SOURCE, true,
     "Somebody or something on the server stopped the statement (KILL, a watchdog)."},
    {1461 /* max_prepared_stmt_count is reached */, FAIL_SOURCE, false, hint_statements},
    {1615 /* the statement would have to be prepared anew */, FAIL_SOURCE, true, hint_changed},
    {1698 /* access denied, no password */, FAIL_SOURCE, false, hint_password},
    {1820 /* password must be changed */, FAIL_SOURCE, false,
     "Log in with another client and set a new password for the user."},
    {1862 /* password has expired */, FAIL_SOURCE, false,
     "Log in with another client and set a new password for the user."},
    {1927 /* connection was killed */, FAIL_SOURCE, true, hint_lost},
    {1969 /* max_statement_time exceeded */, FAIL_SOURCE, false, hint_timeout},
    {3024 /* max_execution_time exceeded */, FAIL_SOURCE, false, hint_timeout},
    {3159 /* the server wants encryption */, FAIL_SOURCE, false,
     "Set `tls: required` for the datasource."},
    {4031 /* disconnected by the server */, FAIL_SOURCE, true, hint_lost},
    {4150 /* MariaDB: too many wrong passwords */, FAIL_SOURCE, false,
     "Unblock the user on the server with FLUSH PRIVILEGES."},
    {4151 /* MariaDB: user's account is locked */, FAIL_SOURCE, false,
     "Unlock the account on the server."},
    {3118 /* MySQL: user's account is locked */, FAIL_SOURCE, false,
     "Unlock the account on the server."},
};

const ErrorRule *connect_error_rule(unsigned number)
{
    for (size_t i = 0; i < ARRAY_LEN(error_rules); i++) {
        if (error_rules[i].number == number) {
            return &error_rules[i];
        }
    }
    return NULL;
}

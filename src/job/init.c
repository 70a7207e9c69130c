// `weir init`: a project that works once its server is named, and explains itself. The texts are
// what a newcomer reads first, so every key is said in place rather than in a manual.
#include "base/base.h"

#include "job/job.h"

#include "base/fs.h"
#include "base/text.h"

static const char WEIR_YAML_HEAD[] =
    "# A weir project: this file, and one file per job in jobs/.\n"
    "#\n"
    "# Secrets do not belong in here: ${env:NAME} takes an environment variable, ${file:PATH} the content of a\n"
    "# file. weir shows them nowhere.\n"
    "\n"
    "name: \"";
static const char WEIR_YAML_REST[] =
    "\"\n"
    "\n"
    "# Business dates, conditions on time columns and schedules are in this time zone.\n"
    "timezone: UTC\n"
    "\n"
    "# The folder in which the lake's tables lie. A relative path counts from here.\n"
    "lake: ./lake\n"
    "\n"
    "# How many connections a job reads with, and how much memory it may use, where the job says nothing.\n"
    "# threads: 2\n"
    "# memory: 256MiB\n"
    "\n"
    "# Named endpoints. Jobs use the names.\n"
    "datasources:\n"
    "  # A MySQL or MariaDB server; RDS and PolarDB are of this type too. The user needs SELECT.\n"
    "  rds:\n"
    "    type: mysql\n"
    "    host: 127.0.0.1            # or socket: /run/mysqld/mysqld.sock\n"
    "    port: 3306\n"
    "    user: reader\n"
    "    password: ${env:RDS_PASSWORD}   # export RDS_PASSWORD=... before weir is started\n"
    "    database: shop             # where tables are looked for that are named without one\n"
    "    tls: preferred             # disabled, preferred, required, verify-ca, verify-identity\n"
    "    # tls_ca: ca.pem           # and tls_cert, tls_key\n"
    "    # connect_timeout: 10s\n"
    "    # read_timeout: 1h\n"
    "\n"
    "  # Kafka, for jobs of type stream (a later version runs them).\n"
    "  bus:\n"
    "    type: kafka\n"
    "    brokers: 127.0.0.1:9092\n";

static const char ODS_OPLOG_YAML[] =
    "# A batch copy: one day of a table becomes one partition of a lake table.\n"
    "#\n"
    "#   weir check ods_oplog                       shows the plan and changes nothing\n"
    "#   weir run ods_oplog                         copies yesterday\n"
    "#   weir run ods_oplog --bizdate 20161114      copies that day; again gives the same table\n"
    "type: sync\n"
    "description: Log rows of the business date\n"
    "\n"
    "source:\n"
    "  datasource: rds              # of weir.yaml\n"
    "  table: oplog                 # or tables: [\"t_[0-99]\", other]; or query: SELECT ...\n"
    "  incremental: optime          # only rows whose optime lies in the business date; without it the whole table\n"
    "  # columns: [optime, uname, \"upper(action) AS action\"]   # names or SQL expressions; all without it\n"
    "  # where: status = 'ok'\n"
    "  # split: id                  # the column by which several threads share the table; weir finds one itself\n"
    "\n"
    "target:\n"
    "  table: ods_oplog             # a folder of the lake\n"
    "  partition: ds=${bizdate}     # ${bizdate} is the business date; ${yyyymmdd-1}, $[hh24-1/24] and more work in\n"
    "                               # every text of a job\n"
    "  mode: overwrite              # the partition is replaced in one step; append adds to it\n"
    "  # lifecycle: 30              # days without a write after which weir lifecycle drops a partition\n"
    "  # new_columns: add           # when the source has columns that the table lacks: add, ignore or error\n"
    "  # file_size: 512MiB\n"
    "\n"
    "dirty_limit: 0                 # rows that may be set aside because they do not fit; more fail the run; unlimited\n"
    "zero_dates: null               # what 0000-00-00 becomes: null, text or error\n"
    "# threads: 2\n"
    "# retries: 2                   # how often a run starts over after a lost connection\n"
    "# args: {region: eu, hour: \"$[hh24-1/24]\"}      # own parameters: ${region}, ${hour}\n"
    "\n"
    "schedule:\n"
    "  cycle: daily\n"
    "  at: \"00:30\"                  # the day after the business date; $[...] counts from it\n"
    "  depends_on: []               # jobs that must have succeeded for the same date\n"
    "  # paused: true\n";

static const char DW_USER_YAML[] =
    "# A statement on the lake's tables. This version checks such a file; a later one runs it.\n"
    "type: sql\n"
    "description: Rows of the log by user\n"
    "\n"
    "engine: duckdb                 # in this process; maxcompute and spark send the statement to a cluster\n"
    "sql: |\n"
    "  INSERT OVERWRITE TABLE dw_user PARTITION (ds='${bizdate}')\n"
    "  SELECT uname, count(*) AS actions, max(optime) AS last_action\n"
    "  FROM ods_oplog\n"
    "  WHERE ds = '${bizdate}'\n"
    "  GROUP BY uname;\n"
    "\n"
    "schedule: {cycle: daily, at: \"01:00\", depends_on: [ods_oplog]}\n";

static const char ORDERS_LIVE_YAML[] =
    "# A stream of changes, from the server's binlog to Kafka. This version checks such a file; a later one runs\n"
    "# it.\n"
    "type: stream\n"
    "description: Every change of the orders, as it happens\n"
    "\n"
    "source:\n"
    "  datasource: rds\n"
    "  tables: [orders, \"shard_*.items\"]\n"
    "  start: latest                # where to begin the first time\n"
    "\n"
    "target:\n"
    "  datasource: bus\n"
    "  topic: \"${database}.${table}\" # of the changed row\n"
    "  format: columns              # columns, dataworks, canal or debezium\n";

static const char GITIGNORE[] = "# What runs leave behind, and the tables.\n"
                                "/.weir/\n"
                                "/lake/\n";

// The folder's name with what a name cannot hold made "_".
static void add_project_name(const char *dir, Buf *out)
{
    CLEANUP(mem_free_text) char *path = realpath(dir, NULL);
    const char *slash = path == NULL ? NULL : strrchr(path, '/');
    const char *name = slash == NULL || slash[1] == '\0' ? "my_project" : slash + 1;
    const bool is_utf8 = text_is_utf8(name, strlen(name));
    for (; *name != '\0'; name++) {
        const bool is_plain = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z')
                              || (*name >= '0' && *name <= '9') || strchr("_-.", *name) != NULL
                              || ((unsigned char)*name >= 0x80 && is_utf8);
        buf_add_char(out, is_plain ? *name : '_');
    }
}

bool project_init(const char *dir, Err *err)
{
    // weir.yaml comes last: it is what makes the folder a project, so a try that failed half-way
    // can be repeated. Other files that are there already are somebody's work and stay as they are.
    static const struct {
        const char *name;
        const char *text;
        size_t len;
    } FILES[] = {
        {"jobs/ods_oplog.yaml", ODS_OPLOG_YAML, sizeof(ODS_OPLOG_YAML) - 1},
        {"jobs/dw_user.yaml", DW_USER_YAML, sizeof(DW_USER_YAML) - 1},
        {"jobs/orders_live.yaml", ORDERS_LIVE_YAML, sizeof(ORDERS_LIVE_YAML) - 1},
        {".gitignore", GITIGNORE, sizeof(GITIGNORE) - 1},
    };
    CLEANUP(mem_free_text) char *project = fs_join(dir, "weir.yaml");
    if (fs_exists(project)) {
        (void)fail(err, FAIL_CONFIG, "\"%s\" exists: the folder is a project already", project);
        return fail_hint(err, "Choose another folder, or go on with weir check there.");
    }
    CLEANUP(mem_free_text) char *jobs = fs_join(dir, "jobs");
    bool ok = fs_make_dirs(jobs, err);
    for (size_t i = 0; ok && i < ARRAY_LEN(FILES); i++) {
        CLEANUP(mem_free_text) char *path = fs_join(dir, FILES[i].name);
        bool exists;
        ok = fs_put_if_absent(path, FILES[i].text, FILES[i].len, &exists, err);
    }
    if (ok) {
        CLEANUP(buf_done) Buf text = {0};
        buf_add_text(&text, WEIR_YAML_HEAD);
        add_project_name(dir, &text);
        buf_add_text(&text, WEIR_YAML_REST);
        bool exists;
        ok = fs_put_if_absent(project, text.data, text.len, &exists, err);
    }
    if (!ok) {
        err->kind = FAIL_CONFIG;
    }
    return ok;
}

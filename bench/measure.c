// Runs a program and says what it cost: measure OUT SERVER_PID PROGRAM [ARGUMENT...]
//
// One line of JSON goes to the file OUT: wall time, CPU time and peak memory of the program and of
// what it started, CPU time of the server in the same span, and of everything else on the machine,
// which tells a disturbed run from a quiet one. SERVER_PID 0 means no server.
//
// A program of its own, and a small one, because the kernel counts what a process was before exec
// into its peak memory: a Python parent would lend each child its own 15 MB.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// Sums the numbers from the `first`th to the `last`th field of a line, counted from 1.
static double measure_sum_fields(const char *line, int first, int last)
{
    double sum = 0;
    int field = 0;
    for (const char *at = line; *at != '\0' && field < last; field++) {
        at += strspn(at, " ");
        if (field + 1 >= first) {
            sum += strtod(at, NULL);
        }
        at += strcspn(at, " \n");
    }
    return sum;
}

static double measure_ticks(const char *path, char after, int first, int last)
{
    char line[2048] = "";
    FILE *file = fopen(path, "re");
    if (file == NULL || fgets(line, sizeof(line), file) == NULL) {
        fprintf(stderr, "measure: %s: %s\n", path, strerror(errno));
        exit(125);
    }
    (void)fclose(file);
    const char *const begin = strrchr(line, after);
    if (begin == NULL) {
        fprintf(stderr, "measure: %s has an unknown form\n", path);
        exit(125);
    }
    return measure_sum_fields(begin + 1, first, last) / (double)sysconf(_SC_CLK_TCK);
}

// CPU seconds of a process, live threads and ended ones: utime and stime of proc(5).
static double measure_process(long pid)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
    // Fields 14 and 15; the first two end with the last parenthesis.
    return pid == 0 ? 0 : measure_ticks(path, ')', 12, 13);
}

// CPU seconds of the whole machine: user, nice, system; irq, softirq, steal. Idle and iowait are
// left out.
static double measure_machine(void)
{
    return measure_ticks("/proc/stat", 'u', 1, 3) + measure_ticks("/proc/stat", 'u', 6, 8);
}

static double measure_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double measure_seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: measure OUT SERVER_PID PROGRAM [ARGUMENT...]\n");
        return 125;
    }
    const long server = strtol(argv[2], NULL, 10);
    const double server_begin = measure_process(server);
    const double machine_begin = measure_machine();
    const double begin = measure_now();
    const pid_t child = fork();
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG,
                    SIGTERM);  // a benchmark that is stopped leaves nothing running
        (void)execvp(argv[3], argv + 3);
        fprintf(stderr, "measure: %s: %s\n", argv[3], strerror(errno));
        _exit(127);
    }
    int status;
    struct rusage usage;
    if (child < 0 || wait4(child, &status, 0, &usage) < 0) {
        fprintf(stderr, "measure: %s\n", strerror(errno));
        return 125;
    }
    const double wall = measure_now() - begin;
    const double cpu = measure_seconds(usage.ru_utime) + measure_seconds(usage.ru_stime);
    const double server_cpu = measure_process(server) - server_begin;
    const double others = measure_machine() - machine_begin - cpu - server_cpu;
    FILE *out = fopen(argv[1], "we");
    if (out == NULL) {
        fprintf(stderr, "measure: %s: %s\n", argv[1], strerror(errno));
        return 125;
    }
    fprintf(out,
            "{\"wall\": %.6f, \"cpu\": %.6f, \"server_cpu\": %.3f, \"others_cpu\": %.3f, "
            "\"rss\": %ld}\n",
            wall, cpu, server_cpu, others > 0 ? others : 0, usage.ru_maxrss * 1024);
    return fclose(out) != 0    ? 125
           : WIFEXITED(status) ? WEXITSTATUS(status)
                               : 128 + WTERMSIG(status);
}

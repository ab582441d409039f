/* Executes the program again, sealed, before anything of Swift's is set up: two whole starts would cost a millisecond.
 *
 * It fails in silence: the command itself looks whether it is sealed, tries again, and says what is wrong. */
#define _GNU_SOURCE
#include "nb_sealed_start.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nb_process.h"
#include "nb_seal.h"

/* Whether one of the words is a command that starts a process in a container. A container of that name costs a little time. */
static bool nb_starts_process(int count, char **arguments)
{
    static const char *const commands[] = {"create", "run", "exec"};
    for (int word = 1; word < count; word++)
        for (int command = 0; command < 3; command++)
            if (strcmp(arguments[word], commands[command]) == 0) return true;
    return false;
}

/* The running program's path, cut before its last slash; returns where its name begins, or NULL. */
static char *nb_running_program(char path[PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX);
    if (length < 0 || length == PATH_MAX) return NULL;
    path[length] = 0;
    char *slash = strrchr(path, '/');
    if (slash == NULL) return NULL;
    *slash = 0;
    return slash + 1;
}

static int nb_argument_count;
static char **nb_arguments;

char **nb_command_line(int *count)
{
    *count = nb_argument_count;
    return nb_arguments;
}

/* Swift's own pair of these looks for the arguments in the stack, whose place it reads in /proc/self/maps at each start
 * (stdlib/public/stubs/CommandLine.cpp). The C library hands them to every constructor. */
char **_swift_stdlib_getUnsafeArgvArgc(int *count)
{
    return nb_command_line(count);
}

void _swift_stdlib_overrideUnsafeArgvArgc(char **arguments, int count)
{
    nb_arguments = arguments;
    nb_argument_count = count;
}

/* As early as a constructor of one's own may run. */
__attribute__((constructor(101))) static void nb_start_sealed(int count, char **arguments, char **environment)
{
    nb_argument_count = count;
    nb_arguments = arguments;
    /* Swift's runtime would look for its program for backtraces in eight places, which this one does not let it run. */
    (void)environment;
    /* The init of a container has the container's environment, and hands it on. */
    if (count > 0 && strcmp(arguments[0], "nestbox-init") != 0) setenv("SWIFT_BACKTRACE", "enable=no,swift-backtrace=/", 1);
    if (!nb_starts_process(count, arguments) || nb_is_sealed()) return;
    char path[PATH_MAX];
    struct nb_seal seal;
    char *name = nb_running_program(path);
    if (name == NULL) return;
    int program = nb_open_sealed(path[0] == 0 ? "/" : path, name, &seal);
    if (program < 0) return;
    nb_execute_descriptor(program, arguments, environ);
    close(program);
    close(seal.overlay);
    close(seal.lower);
    close(seal.empty);
}

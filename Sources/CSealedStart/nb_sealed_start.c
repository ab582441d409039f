/* Executes the program again, sealed, before anything of Swift's is set up: two whole starts would cost a millisecond.
 *
 * It fails in silence: the command itself looks whether it is sealed, tries again, and says what is wrong. */
#define _GNU_SOURCE
#include "nb_sealed_start.h"

#include <limits.h>
#include <stdbool.h>
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

/* As early as a constructor of one's own may run. */
__attribute__((constructor(101))) static void nb_start_sealed(int count, char **arguments, char **environment)
{
    if (!nb_starts_process(count, arguments) || nb_is_sealed()) return;
    char path[PATH_MAX];
    struct nb_seal seal;
    char *name = nb_running_program(path);
    if (name == NULL) return;
    int program = nb_open_sealed(path[0] == 0 ? "/" : path, name, &seal);
    if (program < 0) return;
    nb_execute_descriptor(program, arguments, environment);
    close(program);
    close(seal.overlay);
    close(seal.lower);
    close(seal.empty);
}

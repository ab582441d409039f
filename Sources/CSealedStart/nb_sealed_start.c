/* Executes the program again, sealed, before anything of the C library's or Swift's is set up: two whole starts would cost a
 * millisecond. The C library alone asks the processor 68 questions at each, 0.12 ms in a virtual machine.
 *
 * At the program's entry there is no C library yet: no errno, which is a thread's, and no memcpy, which is chosen for the
 * processor. What runs there is CLinux's own and makes raw system calls; Tests/Checks/early-start.py looks at that.
 *
 * It fails in silence: the command itself looks whether it is sealed, tries again, and says what is wrong. */
#define _GNU_SOURCE
#include "nb_sealed_start.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "nb_process.h"
#include "nb_seal.h"
#include "nb_syscall.h"

/* The kernel starts the program here: what it has put on the stack is looked at, and left as it is for _start. */
#if defined(__x86_64__)
__asm__(".text\n"
        ".globl nb_entry\n"
        ".hidden nb_entry\n"
        ".type nb_entry, @function\n"
        "nb_entry:\n\t"
        "movq %rsp, %rdi\n\t"
        "pushq %rdx\n\t"
        "subq $8, %rsp\n\t"
        "call nb_start_sealed\n\t"
        "addq $8, %rsp\n\t"
        "popq %rdx\n\t"
        "jmp _start\n"
        ".size nb_entry, . - nb_entry\n");
#elif defined(__aarch64__)
__asm__(".text\n"
        ".globl nb_entry\n"
        ".hidden nb_entry\n"
        ".type nb_entry, @function\n"
        "nb_entry:\n\t"
        "mov x9, sp\n\t"
        "stp x0, x30, [sp, #-16]!\n\t"
        "mov x0, x9\n\t"
        "bl nb_start_sealed\n\t"
        "ldp x0, x30, [sp], #16\n\t"
        "b _start\n"
        ".size nb_entry, . - nb_entry\n");
#endif

static bool nb_is_same(const char *text, const char *other)
{
    while (*text != 0 && *text == *other) text++, other++;
    return *text == *other;
}

/* Whether one of the words is a command that starts a process in a container. A container of that name costs a little time. */
static bool nb_starts_process(long count, char *const *arguments)
{
    for (long word = 1; word < count; word++)
        if (nb_is_same(arguments[word], "create") || nb_is_same(arguments[word], "run") ||
            nb_is_same(arguments[word], "exec"))
            return true;
    return false;
}

/* The running program's path, cut before its last slash; returns where its name begins, or NULL. */
static char *nb_running_program(char path[PATH_MAX])
{
    long length = NB_SYSCALL4(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", path, PATH_MAX);
    if (length < 0 || length == PATH_MAX) return NULL;
    path[length] = 0;
    while (length > 0 && path[length] != '/') length--;
    if (path[length] != '/') return NULL;
    path[length] = 0;
    return path + length + 1;
}

/* `stack`: how many arguments there are, they themselves, NULL, and the environment. */
__attribute__((used, visibility("hidden"))) void nb_start_sealed(long *stack)
{
    long count = stack[0];
    char **arguments = (char **)(stack + 1);
    if (!nb_starts_process(count, arguments) || nb_is_sealed()) return;
    char path[PATH_MAX];
    struct nb_seal seal;
    char *name = nb_running_program(path);
    if (name == NULL) return;
    int program = nb_open_sealed(path[0] == 0 ? "/" : path, name, &seal);
    if (program < 0) return;
    nb_execute_descriptor(program, arguments, arguments + count + 1);
    int descriptors[] = {program, seal.overlay, seal.lower, seal.empty};
    for (int index = 0; index < 4; index++) NB_SYSCALL1(SYS_close, descriptors[index]);
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
__attribute__((constructor(101))) static void nb_take_command_line(int count, char **arguments)
{
    nb_argument_count = count;
    nb_arguments = arguments;
    /* Swift's runtime would look for its program for backtraces in eight places, which this one does not let it run. The init
     * of a container has the container's environment, and hands it on. */
    if (count > 0 && strcmp(arguments[0], "nestbox-init") != 0) setenv("SWIFT_BACKTRACE", "enable=no,swift-backtrace=/", 1);
}

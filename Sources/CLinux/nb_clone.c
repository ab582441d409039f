#define _GNU_SOURCE
#include "nb_clone.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>

#include "nb_syscall.h"

enum { NB_GUARD_SIZE = 64 * 1024 };

#if defined(__x86_64__)

static long nb_clone3_call(struct clone_args *arguments, int (*function)(void *), void *argument)
{
    long result;
    register int (*r12)(void *) __asm__("r12") = function;
    register void *r13 __asm__("r13") = argument;
    __asm__ volatile("syscall\n\t"
                     "testq %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xorl %%ebp, %%ebp\n\t"
                     "movq %%r13, %%rdi\n\t"
                     "callq *%%r12\n\t"
                     "movl %%eax, %%edi\n\t"
                     "movl %[exit], %%eax\n\t"
                     "syscall\n\t"
                     "hlt\n"
                     "1:"
                     : "=a"(result)
                     : "a"(SYS_clone3), "D"(arguments), "S"(sizeof *arguments), "r"(r12), "r"(r13),
                       [exit] "i"(SYS_exit)
                     : "rcx", "r11", "memory");
    return result;
}

#elif defined(__aarch64__)

static long nb_clone3_call(struct clone_args *arguments, int (*function)(void *), void *argument)
{
    register long x8 __asm__("x8") = SYS_clone3;
    register long x0 __asm__("x0") = (long)arguments;
    register long x1 __asm__("x1") = (long)sizeof *arguments;
    register int (*x20)(void *) __asm__("x20") = function;
    register void *x21 __asm__("x21") = argument;
    __asm__ volatile("svc 0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x29, xzr\n\t"
                     "mov x0, x21\n\t"
                     "blr x20\n\t"
                     "mov x8, %[exit]\n\t"
                     "svc 0\n\t"
                     "brk 1\n"
                     "1:"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x20), "r"(x21), [exit] "i"(SYS_exit)
                     : "memory", "cc");
    return x0;
}

#endif

long nb_clone(struct clone_args *arguments, void *stack, int (*function)(void *), void *argument)
{
    arguments->stack = (uint64_t)(uintptr_t)stack;
    arguments->stack_size = NB_STACK_SIZE;
    return nb_clone3_call(arguments, function, argument);
}

void *nb_stack_allocate(void)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK;
    long area = NB_SYSCALL(SYS_mmap, 0, NB_STACK_SIZE + NB_GUARD_SIZE, PROT_NONE, flags, -1, 0);
    if (area < 0) return NULL;
    if (NB_SYSCALL3(SYS_mprotect, area + NB_GUARD_SIZE, NB_STACK_SIZE, PROT_READ | PROT_WRITE) < 0) {
        NB_SYSCALL2(SYS_munmap, area, NB_STACK_SIZE + NB_GUARD_SIZE);
        return NULL;
    }
    return (char *)area + NB_GUARD_SIZE;
}

void nb_stack_free(void *stack)
{
    if (stack != NULL) NB_SYSCALL2(SYS_munmap, (char *)stack - NB_GUARD_SIZE, NB_STACK_SIZE + NB_GUARD_SIZE);
}

int nb_run_helper(uint64_t namespaces, int (*function)(void *), void *argument)
{
    void *stack = nb_stack_allocate();
    if (stack == NULL) return -ENOMEM;
    struct clone_args arguments = {.flags = namespaces | CLONE_VM | CLONE_VFORK | CLONE_FILES, .exit_signal = SIGCHLD};
    long pid = nb_clone(&arguments, stack, function, argument);
    if (pid > 0) {
        while (NB_SYSCALL4(SYS_wait4, pid, 0, 0, 0) == -EINTR) continue;
    }
    nb_stack_free(stack);
    return pid < 0 ? (int)pid : 0;
}

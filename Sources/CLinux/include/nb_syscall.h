/* Raw system calls: the result or -errno, never through the C library's errno.
 *
 * The child of nb_launch() shares its parent's memory (CLONE_VM), and so the C library's thread-local errno with it:
 * what runs there may only use these. */
#ifndef NB_SYSCALL_H
#define NB_SYSCALL_H

#include <stdint.h>
#include <sys/syscall.h>

#if defined(__x86_64__)

static inline long nb_syscall6(long number, long a, long b, long c, long d, long e, long f)
{
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

#elif defined(__aarch64__)

static inline long nb_syscall6(long number, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
}

#else
#error "Nestbox runs on x86_64 and aarch64"
#endif

#define NB_SYSCALL(number, a, b, c, d, e, f)                                                                          \
    nb_syscall6((number), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define NB_SYSCALL0(number) NB_SYSCALL(number, 0, 0, 0, 0, 0, 0)
#define NB_SYSCALL1(number, a) NB_SYSCALL(number, a, 0, 0, 0, 0, 0)
#define NB_SYSCALL2(number, a, b) NB_SYSCALL(number, a, b, 0, 0, 0, 0)
#define NB_SYSCALL3(number, a, b, c) NB_SYSCALL(number, a, b, c, 0, 0, 0)
#define NB_SYSCALL4(number, a, b, c, d) NB_SYSCALL(number, a, b, c, d, 0, 0)
#define NB_SYSCALL5(number, a, b, c, d, e) NB_SYSCALL(number, a, b, c, d, e, 0)

#endif

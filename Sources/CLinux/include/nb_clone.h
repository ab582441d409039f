/* clone3(2) with a function and a stack of its own, for children that share the parent's memory (CLONE_VM). */
#ifndef NB_CLONE_H
#define NB_CLONE_H

#include <linux/sched.h>
#include <stddef.h>
#include <stdint.h>

enum { NB_STACK_SIZE = 256 * 1024 };

/* Starts `function(argument)` in a child made with `arguments`; its result is the child's exit status. `stack` is
 * NB_STACK_SIZE bytes. The child may only make raw system calls (nb_syscall.h). Returns the child's pid, or -errno. */
long nb_clone(struct clone_args *arguments, void *stack, int (*function)(void *), void *argument);

/* A stack for nb_clone() with a guard page below it; NULL when there is no memory. */
void *nb_stack_allocate(void);
void nb_stack_free(void *stack);

/* Runs `function(argument)`, which makes raw system calls only, in a helper process of its own file system state and of the
 * new `namespaces` (CLONE_NEW*), and waits for its end. Memory and descriptors are shared: what it opens is the caller's.
 * Returns 0, or -errno when there is no helper. */
int nb_run_helper(uint64_t namespaces, int (*function)(void *), void *argument);

#endif

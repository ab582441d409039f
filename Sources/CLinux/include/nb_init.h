/* The init of a container (`--init`): a role of the sealed runtime that starts before the Swift runtime does. */
#ifndef NB_INIT_H
#define NB_INIT_H

/* Runs when argv[0] is "nestbox-init", as a constructor: starts `nestbox-init -- program argument…`, forwards every
 * signal to it, reaps what is left to process 1, and exits with the program's status (128 + n for signal n). Does
 * nothing in any other role. Referenced so that the linker keeps it. */
void nb_init_if_asked(int argc, char **argv, char **envp);

#endif

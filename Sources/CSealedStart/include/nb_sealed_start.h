/* Linked into a program that starts processes in containers: see nb_sealed_start.c. */
#ifndef NB_SEALED_START_H
#define NB_SEALED_START_H
/* The words of the command line, the program's name first, and how many there are. */
char **nb_command_line(int *count);
#endif

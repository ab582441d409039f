/* Linked into a program that starts processes in containers: see nb_sealed_start.c. */
#ifndef NB_SEALED_START_H
#define NB_SEALED_START_H
#endif

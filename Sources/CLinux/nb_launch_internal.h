#ifndef NB_LAUNCH_INTERNAL_H
#define NB_LAUNCH_INTERNAL_H

#include "nb_launch.h"

/* A failed step: -errno with the call that failed. */
static inline long nb_fail(struct nb_launch *launch, int detail, long result)
{
    if (result < 0) launch->outcome.detail = detail;
    return result;
}

/* Each carries out the steps of one subject: a value >= 0, -errno, or NB_NOT_MINE. */
enum { NB_NOT_MINE = -100000 };
long nb_step_mount(struct nb_launch *launch, const struct nb_step *step);
long nb_step_namespace(struct nb_launch *launch, const struct nb_step *step);
long nb_step_identity(struct nb_launch *launch, const struct nb_step *step);
long nb_step_process(struct nb_launch *launch, const struct nb_step *step);
long nb_step_terminal(struct nb_launch *launch, const struct nb_step *step);
long nb_step_hook(struct nb_launch *launch, const struct nb_step *step);
long nb_step_start(struct nb_launch *launch, const struct nb_step *step);

/* Every disposition back to the default, nothing blocked. */
long nb_default_signals(void);

/* Says `message` to the parent; with an answer expected, waits for it. */
long nb_say(struct nb_launch *launch, char message);
long nb_ask(struct nb_launch *launch, char message);
/* Passes a descriptor to the parent with `message`. */
long nb_send_descriptor(struct nb_launch *launch, char message, int descriptor);

/* Runs the steps from `first` and executes; never returns. */
void nb_run_steps(struct nb_launch *launch, size_t first);

#endif

/* Project quotas (xfs_quota(8), ext4(5)): how much of a file system the files of one project may take. Every function
 * returns a value >= 0, or -errno; `file` is any file of the file system, nothing is looked up by path or device. */
#ifndef NB_QUOTA_H
#define NB_QUOTA_H

#include <stdint.h>

/* What the files of a project take, and what they may. */
struct nb_project_quota {
    /* Bytes on the disk. */
    uint64_t space;
    /* Files, folders and links. */
    uint64_t files;
    /* Bytes; 0: no limit. */
    uint64_t limit;
};

/* Whether the file system keeps projects within their limits: 1 or 0, which it also is where there are no quotas. */
int nb_project_quota_is_enforced(int file);

/* Reads a project's. */
int nb_project_quota_get(int file, uint32_t project, struct nb_project_quota *quota);

/* Sets what a project may take, in bytes, rounded up to 1,024; 0: all that there is. */
int nb_project_quota_set_limit(int file, uint32_t project, uint64_t limit);

/* Gives a folder to a project, and with it all that is made in it from now on. */
int nb_project_assign(int folder, uint32_t project);

/* The project that a file belongs to: 0 where nobody has said so. */
int nb_project_of(int file, uint32_t *project);

#endif

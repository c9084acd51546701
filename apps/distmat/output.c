// Files without a name until they are complete. Linux: O_TMPFILE, then linkat and rename.
// Invariant: see output.h; `temporary` is a name that exists and is ours. Start at output_open.
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_ATTEMPTS_MAX 100

static int open_stream(struct output *output, const char *path) {
    output->is_stream = true;
    output->fd = path == NULL ? dup(STDOUT_FILENO) : open(path, O_WRONLY | O_CLOEXEC);
    return output->fd < 0 ? -errno : 0;
}

// The folder of a path, to be freed.
static char *folder_of(const char *path) {
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return strdup(".");
    }
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

// Finds a free name beside the path and lets `make` create it; sets output->temporary.
static int make_temporary(struct output *output, int (*make)(struct output *, const char *name)) {
    size_t bytes = strlen(output->path) + 32;
    char *name = malloc(bytes);
    if (name == NULL) {
        return -ENOMEM;
    }
    int error = -EEXIST;
    for (int i = 0; i < NAME_ATTEMPTS_MAX && error == -EEXIST; i++) {
        snprintf(name, bytes, "%s.%ld-%d.part", output->path, (long)getpid(), i);
        error = make(output, name);
    }
    if (error < 0) {
        free(name);
        return error;
    }
    output->temporary = name;
    return 0;
}

static int make_by_open(struct output *output, const char *name) {
    output->fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    return output->fd < 0 ? -errno : 0;
}

static int make_by_link(struct output *output, const char *name) {
    char self[64];
    snprintf(self, sizeof self, "/proc/self/fd/%d", output->fd);
    return linkat(AT_FDCWD, self, AT_FDCWD, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

static int open_file(struct output *output) {
    char *folder = folder_of(output->path);
    if (folder == NULL) {
        return -ENOMEM;
    }
    output->fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
    int error = output->fd < 0 ? -errno : 0;
    free(folder);
    // What old kernels and some file systems answer where they know no unnamed files.
    if (error == -EOPNOTSUPP || error == -EISDIR || error == -EINVAL) {
        error = make_temporary(output, make_by_open);
    }
    return error;
}

int output_open(struct output *output, const char *path) {
    memset(output, 0, sizeof *output);
    output->fd = -1;
    if (strcmp(path, "-") == 0) {
        return open_stream(output, NULL);
    }
    struct stat status;
    bool exists = stat(path, &status) == 0;
    if (exists && S_ISDIR(status.st_mode)) {
        return -EISDIR;
    }
    if (exists && !S_ISREG(status.st_mode)) {
        return open_stream(output, path);
    }
    // A link keeps pointing to its file, which is what gets replaced; so must its permissions.
    output->path = exists ? realpath(path, NULL) : strdup(path);
    if (output->path == NULL) {
        return exists ? -errno : -ENOMEM;
    }
    int error = exists && access(path, W_OK) < 0 ? -errno : open_file(output);
    if (error < 0) {
        output_discard(output);
        return error;
    }
    if (exists) {
        // Best effort: a file of somebody else's may refuse.
        (void)!fchmod(output->fd, status.st_mode & 0777);
    }
    return 0;
}

int output_write(struct output *output, const void *bytes, size_t count) {
    const char *next = bytes;
    while (count > 0) {
        ssize_t written = write(output->fd, next, count);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return -errno;
        }
        next += written;
        count -= (size_t)written;
        output->bytes += (uint64_t)written;
    }
    return 0;
}

int output_commit(struct output *output) {
    // Network file systems tell at the first close that there was no room.
    int copy = dup(output->fd);
    int error = copy < 0 || close(copy) < 0 ? -errno : 0;
    if (error == 0 && !output->is_stream && output->temporary == NULL) {
        error = make_temporary(output, make_by_link);
    }
    if (error == 0 && output->temporary != NULL && rename(output->temporary, output->path) < 0) {
        error = -errno;
    }
    if (error == 0) {
        free(output->temporary);
        output->temporary = NULL;
    }
    output_discard(output);
    return error;
}

void output_discard(struct output *output) {
    if (output->fd >= 0) {
        close(output->fd);
        output->fd = -1;
    }
    if (output->temporary != NULL) {
        unlink(output->temporary);
        free(output->temporary);
        output->temporary = NULL;
    }
    free(output->path);
    output->path = NULL;
}

// Reads until there is no more; works for pipes too. Invariant: used <= capacity.
// Start reading at slurp.
#include "slurp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int read_all(int fd, char **text, size_t *bytes) {
    size_t capacity = 1 << 16;
    char *buffer = malloc(capacity + 1);
    size_t used = 0;
    while (buffer != NULL) {
        ssize_t count = read(fd, buffer + used, capacity - used);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            int error = -errno;
            free(buffer);
            return error;
        }
        used += (size_t)count;
        if (count == 0) {
            buffer[used] = '\0';
            *text = buffer;
            *bytes = used;
            return 0;
        }
        if (used == capacity) {
            capacity *= 2;
            char *larger = realloc(buffer, capacity + 1);
            if (larger == NULL) {
                free(buffer);
            }
            buffer = larger;
        }
    }
    return -ENOMEM;
}

int slurp(const char *path, char **text, size_t *bytes) {
    if (strcmp(path, "-") == 0) {
        return read_all(STDIN_FILENO, text, bytes);
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    int error = read_all(fd, text, bytes);
    close(fd);
    return error;
}

// file_map.c - files as memory to read, the same on every os. Invariant: nothing is open afterwards
// but the mapping. Start reading at os_file_map.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/fault.h"
#include "os/file.h"

static const char nothing[1]; // in place of a mapping of no bytes, which there is not

static int map(int file, const void **data, size_t *bytes) {
    struct stat status;
    if (fstat(file, &status) != 0) {
        return -errno;
    }
    if (S_ISDIR(status.st_mode)) {
        return -EISDIR;
    }
    *bytes = (size_t)status.st_size;
    *data = nothing;
    if (*bytes == 0) {
        return OS_OK;
    }
    void *mapped = mmap(NULL, *bytes, PROT_READ, MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED) {
        return -errno;
    }
    *data = mapped;
    return OS_OK;
}

int os_file_map(const char *path, const void **data, size_t *bytes) {
    if (fault_call()) {
        return OS_TOO_MANY_FILES;
    }
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return -errno;
    }
    const int code = map(file, data, bytes);
    (void)close(file);
    return code;
}

void os_file_unmap(const void *data, size_t bytes) {
    if (bytes > 0) {
        (void)munmap((void *)(uintptr_t)data, bytes);
    }
}

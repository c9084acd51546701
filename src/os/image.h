// image.h - the contract with the system, sixth part: the program and the libraries that this
// process has loaded, told apart by what was built.
//
// Invariant: two images with the same identity have the same code and the same constants.
// Start reading at os_image_find.
#ifndef TENON_OS_IMAGE_H
#define TENON_OS_IMAGE_H

#include "os/os.h"

struct os_image {
    uintptr_t begin, end; // where it lies, gaps included
    bool is_program;      // and not a library or a plug-in
};

// Which one an address lies in. False: in none, or the system does not tell.
bool os_image_find(const void *address, struct os_image *image);

// A hash of what was built: of the linker's build-id where there is one, else of all that is loaded
// and not written to, which takes about a millisecond for each megabyte. 0: there is none.
uint64_t os_image_identity(const struct os_image *image);

#endif

// A whole file in memory. Invariant: on failure nothing stays open or allocated.
// Start reading at slurp.
#ifndef DISTMAT_SLURP_H
#define DISTMAT_SLURP_H

#include <stddef.h>

// Reads the file, or standard input for "-", to its end. *text is to be freed and has a zero behind
// its *bytes bytes. Returns 0 or a negative errno value.
int slurp(const char *path, char **text, size_t *bytes);

#endif

// sites.h - the operations with an order that were met, by their place in the source.
//
// Invariant: each site once, in the order of first meeting. Start reading at sites_note.
#ifndef MODEL_SITES_H
#define MODEL_SITES_H

#include <stdbool.h>
#include <stddef.h>

void sites_note(const char *site);
int sites_count(void);
const char *sites_at(int index);

// The site without the folders of its path.
const char *sites_short(const char *site);

// Whether the line of source at this site contains `text` and its file is `file` (last part).
bool sites_matches(const char *site, const char *file, const char *text);

#endif

// sites.c - the list of sites, and looking into the source they name.
//
// Invariant: see sites.h. A site is the string "PATH:LINE" that its operation passes.
// Start reading at sites_note.
#include "model/sites.h"


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"

enum { SITES_MAX = 256 };

static const char *sites[SITES_MAX];
static int count;

void sites_note(const char *site) {
    for (int i = count - 1; i >= 0; i--) {
        if (sites[i] == site || strcmp(sites[i], site) == 0) {
            return;
        }
    }
    EXPECT(count < SITES_MAX);
    sites[count++] = site;
}

int sites_count(void) {
    return count;
}

const char *sites_at(int index) {
    return sites[index];
}

const char *sites_short(const char *site) {
    const char *slash = strrchr(site, '/');
    return slash == NULL ? site : slash + 1;
}

static bool read_line(const char *site, char *line, size_t bytes) {
    char path[512];
    const char *colon = strrchr(site, ':');
    snprintf(path, sizeof path, "%.*s", (int)(colon - site), site);
    long wanted = strtol(colon + 1, NULL, 10);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    bool found = false;
    for (long number = 1; number <= wanted && fgets(line, (int)bytes, file) != NULL; number++) {
        found = number == wanted;
    }
    fclose(file);
    return found;
}

bool sites_matches(const char *site, const char *file, const char *text) {
    char line[512];
    const char *colon = strrchr(site, ':');
    size_t length = strlen(file);
    bool same_file = (size_t)(colon - site) >= length &&
                     strncmp(colon - length, file, length) == 0;
    return same_file && read_line(site, line, sizeof line) && strstr(line, text) != NULL;
}

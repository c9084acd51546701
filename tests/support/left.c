// left.c - see left.h.
#include "support/left.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "support/test.h"

static int count_descriptors(void) {
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;
    while (folder != NULL && readdir(folder) != NULL) {
        count++;
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    return count;
}

static int descriptors_before;

void left_begin(void) {
    descriptors_before = count_descriptors();
}

void left_expect_nothing(void) {
    EXPECT_EQ(waitpid(-1, NULL, WNOHANG), -1);
    EXPECT_EQ(count_descriptors(), descriptors_before);
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        EXPECT(strstr(line, "memfd:tenon") == NULL);
    }
    if (maps != NULL) {
        (void)fclose(maps);
    }
}

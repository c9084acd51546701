// view_test.c - files as memory. Invariant: each test makes its file and removes it.
#include <tenon/view.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tenon.h>

#include "os/fault.h"
#include "support/test.h"

#define WITH(n) TN_RUN(.num_threads = (n))

static char path[] = "/tmp/tenon-view-XXXXXX";

static void write_file(const char *text) {
    const int file = mkstemp(path);
    EXPECT(file >= 0);
    EXPECT_EQ(write(file, text, strlen(text)), strlen(text));
    EXPECT_EQ(close(file), 0);
}

TN_PFRAME(int, counts, (struct tn_view, view), (char, letter)) {
    int count = 0;
    for (size_t i = 0; i < view.bytes; i++) {
        count += ((const char *)view.data)[i] == letter;
    }
    return count;
}

TN_FRAME(void, looks_at_a_file) {
    struct tn_view view;
    write_file("abracadabra");
    EXPECT_EQ(tn_view_open(self, path, &view), TN_OK);
    EXPECT_EQ(unlink(path), 0); // the memory stays
    EXPECT_EQ(view.bytes, 11);
    tn_task(counts) a = tn_spawn(counts, view, 'a'), b = tn_spawn(counts, view, 'b');
    EXPECT_EQ(tn_await(counts, a), 5);
    EXPECT_EQ(tn_await(counts, b), 2);
    EXPECT_EQ(tn_view_close(self, &view), TN_OK);
    EXPECT(view.data == NULL);
    EXPECT_EQ(tn_view_close(self, &view), TN_CLOSED);
}

TEST(frames_of_all_threads_look_at_one_file) {
    EXPECT_EQ(tn_run_with(WITH(3), looks_at_a_file, NULL), TN_OK);
}

TN_FRAME(void, looks_at_nothing) {
    struct tn_view view;
    write_file("");
    EXPECT_EQ(tn_view_open(self, path, &view), TN_OK);
    EXPECT(view.data != NULL && view.bytes == 0);
    EXPECT_EQ(unlink(path), 0);
    EXPECT_EQ(tn_view_open(self, path, &view), TN_NOT_FOUND);
    EXPECT(view.data == NULL);
    EXPECT_EQ(tn_view_open(self, "/", &view), -EISDIR);
    fault_fail_call(2); // the first is for what the frame keeps
    const int code = tn_view_open(self, "/dev/null", &view);
    EXPECT(code == TN_TOO_MANY || code == TN_OK); // only the simulated system counts memory
    fault_fail_call(1);
    EXPECT(tn_view_open(self, "/dev/null", &view) != TN_OK);
}

TEST(an_empty_file_and_a_missing_one_are_told_apart) {
    EXPECT_EQ(tn_run_with(WITH(1), looks_at_nothing, NULL), TN_OK);
}

// What expect.c and runner.c agree on: the exit codes of a test's process, and the mark of a note.
// A test is spoiled when an expectation failed after the harness had let a call to the system fail.
#ifndef SUPPORT_EXPECT_H
#define SUPPORT_EXPECT_H

// A test that returned exits with a code of its own, so that a stray exit(0) is no pass.
#define EXPECT_PASSED 73
#define EXPECT_FAILED 75
#define EXPECT_SPOILED 76
#define EXPECT_SKIPPED 77
#define EXPECT_NOTE "note: "

// How many expectations this process has evaluated.
unsigned long expect_count(void);

#endif

// Tests of the CSV input: what is accepted, and where faults are said to be.
// Invariant: each text goes through a real file. Start reading at read_text.
#include "reader.h"

#include "number.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char messages[8192];

// Reads a text of `bytes` bytes, in batches of two rows; standard error goes to `messages`. Returns
// the number of faulty rows.
static size_t read_bytes(struct places *places, const char *text, size_t bytes) {
    char path[] = "/tmp/distmat-reader-XXXXXX";
    char heard[] = "/tmp/distmat-stderr-XXXXXX";
    int fd = mkstemp(path);
    int listening = mkstemp(heard);
    EXPECT(fd >= 0 && listening >= 0);
    EXPECT(write(fd, text, bytes) == (ssize_t)bytes);
    close(fd);
    fflush(stderr);
    int kept = dup(STDERR_FILENO);
    dup2(listening, STDERR_FILENO);
    struct reader reader;
    int error = reader_open(&reader, path);
    reader.path = "in.csv";
    while (error == 0 && reader_next(&reader, places, 2)) {
    }
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    ssize_t length = pread(listening, messages, sizeof messages - 1, 0);
    messages[length > 0 ? length : 0] = '\0';
    unlink(path);
    unlink(heard);
    EXPECT_EQ(error, 0);
    size_t faults = reader.faults;
    reader_close(&reader);
    return faults;
}

static size_t read_text(struct places *places, const char *text) {
    places_init(places);
    return read_bytes(places, text, strlen(text));
}

static void expect_fault(const char *text, const char *message) {
    struct places places;
    EXPECT_EQ(read_text(&places, text), 1);
    EXPECT_STR(messages, message);
    places_deinit(&places);
}

static void expect_place(const char *text, const char *name, double latitude) {
    struct places places;
    EXPECT_EQ(read_text(&places, text), 0);
    EXPECT_STR(messages, "");
    EXPECT_EQ(places.count, 1);
    EXPECT_EQ(places_name_bytes(&places, 0, 1), strlen(name));
    EXPECT(memcmp(places.names, name, strlen(name)) == 0);
    EXPECT_NEAR(places.latitude[0], latitude * M_PI / 180, 1e-15);
    places_deinit(&places);
}

TEST(rows_of_every_form_are_accepted) {
    expect_place("a,1,2\n", "a,", 1);
    expect_place("a,1,2\r\n", "a,", 1);
    expect_place("a,1,2\r", "a,", 1);
    expect_place("a,1,2", "a,", 1);
    expect_place("a, 1 ,\t2 \n", "a,", 1);
    expect_place(" a b ,1,2\n", " a b ,", 1);
    expect_place("a,1,2,more,and,\"more\"\n", "a,", 1);
    expect_place("a,+9.0e1,-180\n", "a,", 90);
    expect_place("\"a\",\"1\",\"2\"\n", "a,", 1);
    expect_place("\"a,b\",1,2\n", "\"a,b\",", 1);
    expect_place("\"say \"\"hi\"\"\",1,2\n", "\"say \"\"hi\"\"\",", 1);
    expect_place("say \"hi\",1,2\n", "\"say \"\"hi\"\"\",", 1);
    expect_place("\"two\nlines\",1,2\n", "\"two\nlines\",", 1);
    expect_place(",1,2\n", ",", 1);
    expect_place("\xff\xfe,1,2\n", "\xff\xfe,", 1);
}

TEST(an_empty_file_has_no_places_and_no_faults) {
    struct places places;
    EXPECT_EQ(read_text(&places, ""), 0);
    EXPECT_EQ(places.count, 0);
    places_deinit(&places);
}

TEST(every_kind_of_fault_is_named_with_its_place) {
    expect_fault("a,1\n", "in.csv:1:1: short row, longitude is missing\n");
    expect_fault("a\n", "in.csv:1:1: short row, latitude is missing\n");
    expect_fault("a,1,2\n\nb,3,4\n", "in.csv:2:1: blank row\n");
    expect_fault("  \n", "in.csv:1:1: short row, latitude is missing\n");
    expect_fault("a,x,2\n", "in.csv:1:3: latitude is not a number: \"x\"\n");
    expect_fault("a,,2\n", "in.csv:1:3: latitude is not a number: \"\"\n");
    expect_fault("a,1,2 3\n", "in.csv:1:5: longitude is not a number: \"2 3\"\n");
    expect_fault("a,0x10,2\n", "in.csv:1:3: latitude is not a number: \"0x10\"\n");
    expect_fault("a,1,nan\n", "in.csv:1:5: longitude is NaN: \"nan\"\n");
    expect_fault("a,90.1,2\n",
                 "in.csv:1:3: Latitude must be between -90 and 90 inclusive: \"90.1\"\n");
    expect_fault("a,1,-inf\n",
                 "in.csv:1:5: Longitude must be between -180 and 180 inclusive: \"-inf\"\n");
    expect_fault("a,1,2\n\"b,3,4\n", "in.csv:2:1: quote left open\n");
    expect_fault("a,1,2\n\"b\"c,3,4\nd,5,6\n", "in.csv:2:4: text behind a closing quote\n");
}

TEST(positions_count_lines_and_bytes_behind_quotes) {
    expect_fault("\"a\nb\nc\",1,2\n\"d\n\"\"e\"\"\",x,2\n",
                 "in.csv:5:8: latitude is not a number: \"x\"\n");
    expect_fault("a\"\"b,1,x\n", "in.csv:1:8: longitude is not a number: \"x\"\n");
    expect_fault("a,1,2\rb,x,2\r", "in.csv:2:3: latitude is not a number: \"x\"\n");
    expect_fault("\"\",x,2\n", "in.csv:1:4: latitude is not a number: \"x\"\n");
}

TEST(both_fields_of_one_row_count_as_one_row) {
    expect_fault("a,x,y\n", "in.csv:1:3: latitude is not a number: \"x\"\n"
                            "in.csv:1:5: longitude is not a number: \"y\"\n");
}

TEST(a_zero_byte_and_control_characters_cannot_reach_the_terminal) {
    struct places places;
    places_init(&places);
    EXPECT_EQ(read_bytes(&places, "a,\x1b[31m,2\nb,1\0,2\n", 17), 2);
    EXPECT(strchr(messages, '\x1b') == NULL);
    EXPECT(strstr(messages, "\"?[31m\"") != NULL);
    places_deinit(&places);
}

TEST(all_faults_are_counted_and_the_good_rows_around_them_kept) {
    char *text = malloc(200 * 16);
    size_t bytes = 0;
    for (int i = 0; i < 200; i++) {
        bytes += (size_t)sprintf(text + bytes, i % 2 == 0 ? "a,1,2\n" : "b,x,2\n");
    }
    struct places places;
    places_init(&places);
    EXPECT_EQ(read_bytes(&places, text, bytes), 100);
    EXPECT_EQ(places.count, 100);
    EXPECT(strstr(messages, "in.csv:100:3:") != NULL);
    EXPECT(strstr(messages, "in.csv:102:3:") == NULL);
    places_deinit(&places);
    free(text);
}

TEST(a_missing_file_and_a_folder_are_errors) {
    struct reader reader;
    EXPECT_EQ(reader_open(&reader, "/nonexistent/file.csv"), -ENOENT);
    EXPECT_EQ(reader_open(&reader, "/"), -EISDIR);
}

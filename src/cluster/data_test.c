// What travels: schemas, copies between equal builds, CBOR between others, and readers that are fed
// with whatever comes. tests/cbor compares with an independent library.
//
// Invariant: a reader gives back what was written, or refuses; AddressSanitizer watches that it
// stays inside. Start reading at sample_survives.
#include <stdio.h>
#include <stdlib.h>

#include "cluster/cbor.h"
#include "cluster/copy.h"
#include "support/data_sample.h"
#include "support/fuzz.h"
#include "support/test.h"

enum { BUFFER_BYTES = 2048 };

static _Alignas(8) unsigned char buffer[BUFFER_BYTES];
static _Alignas(8) unsigned char scratch[BUFFER_BYTES];

static uint64_t rounds(uint64_t count) {
    return count / (uint64_t)(test_slowness() > 1 ? 10 : 1);
}

// ---- schemas ---------------------------------------------------------------------------------

TEST(a_schema_says_what_travels_and_not_how_it_is_stored) {
    char text[100];
    const size_t length = schema_write("f", &sample_type, &tn_data_of_sample_point, text, 100);
    EXPECT_STR(text, "f({i2,u2,i4,u4,i8,u8,u1,{b,{f8,f4},c,i1}},t,y,[f8],[i2],[u4],[i1],[f4])"
                     "f8,f4");
    EXPECT_EQ(length, strlen(text));
    EXPECT_EQ(schema_write("f", &sample_type, NULL, text, 5), length - 4);
    EXPECT_STR(text, "f({i");
}

TEST(an_identity_depends_on_the_name_and_on_every_type) {
    const uint64_t one = schema_identity("f", &tn_data_of_sample_point, NULL);
    EXPECT_EQ(one, schema_identity("f", &tn_data_of_sample_point, NULL));
    EXPECT(one != schema_identity("g", &tn_data_of_sample_point, NULL));
    EXPECT(one != schema_identity("f", &tn_data_of_sample_inner, NULL));
    EXPECT(one != schema_identity("f", &tn_data_of_sample_point, &tn_data_of_sample_point));
    EXPECT_EQ(one, UINT64_C(0xf436637f89a56fb2)); // the same on every machine
}

TEST(a_schema_that_no_macro_writes_is_refused) {
    EXPECT(schema_is_valid(&sample_type));
    struct tn_data_field fields[] = {{"a", TN_DATA_INT, 4, 0, NULL}};
    struct tn_data_type type = {"t", 1, 4, fields};
    EXPECT(schema_is_valid(&type));
    fields[0].offset = 1; // sticks out
    EXPECT(!schema_is_valid(&type));
    fields[0] = (struct tn_data_field){"a", TN_DATA_INT, 3, 0, NULL};
    EXPECT(!schema_is_valid(&type));
    fields[0] = (struct tn_data_field){"a", TN_DATA_FLOAT, 2, 0, NULL};
    EXPECT(!schema_is_valid(&type));
    fields[0] = (struct tn_data_field){"a", 77, 4, 0, NULL};
    EXPECT(!schema_is_valid(&type));
    fields[0] = (struct tn_data_field){"a", TN_DATA_STRUCT, 0, 0, NULL};
    EXPECT(!schema_is_valid(&type));
    fields[0].type = &type; // for ever
    EXPECT(!schema_is_valid(&type));
}

// ---- there and back --------------------------------------------------------------------------

static void sample_survives(const struct sample *sample) {
    struct sample read;
    const size_t bytes = copy_bytes(&sample_type, sample);
    EXPECT(bytes <= BUFFER_BYTES && bytes % 8 == 0);
    copy_write(&sample_type, sample, buffer);
    EXPECT(copy_read(&sample_type, buffer, bytes, &read));
    EXPECT(sample_equals(sample, &read));
    EXPECT(!copy_read(&sample_type, buffer, bytes + 8, &read));
    EXPECT(!copy_read(&sample_type, buffer, bytes - 8, &read));

    const size_t length = cbor_write(&sample_type, sample, buffer, BUFFER_BYTES);
    EXPECT(length <= BUFFER_BYTES);
    EXPECT_EQ(cbor_write(&sample_type, sample, NULL, 0), length);
    EXPECT_EQ(cbor_read(&sample_type, buffer, length, &read, scratch,
                        cbor_scratch_bytes(&sample_type, length)),
              CBOR_OK);
    EXPECT(sample_equals(sample, &read));
}

TEST(everything_that_travels_arrives_as_it_was) {
    struct random random;
    random_init(&random, test_seed());
    struct sample_memory memory;
    struct sample sample;
    for (uint64_t i = 0; i < rounds(20000); i++) {
        sample_fill(&sample, &memory, &random);
        sample_survives(&sample);
    }
}

TEST(every_beginning_of_an_encoding_is_too_short) {
    struct random random;
    random_init(&random, test_seed());
    struct sample_memory memory;
    struct sample sample, read;
    sample_fill(&sample, &memory, &random);
    const size_t length = cbor_write(&sample_type, &sample, buffer, BUFFER_BYTES);
    for (size_t i = 0; i < length; i++) {
        unsigned char *exact = malloc(i + 1); // so that a sanitizer sees a step beyond
        memcpy(exact, buffer, i);
        EXPECT_EQ(cbor_read(&sample_type, exact, i, &read, scratch, BUFFER_BYTES), CBOR_SHORT);
        free(exact);
    }
    buffer[length] = 0;
    EXPECT_EQ(cbor_read(&sample_type, buffer, length + 1, &read, scratch, BUFFER_BYTES), CBOR_LONG);
}

TEST(without_scratch_memory_for_its_arrays_an_input_is_refused) {
    struct sample sample = {.text = tn_text_of("twelve bytes")}, read;
    const size_t length = cbor_write(&sample_type, &sample, buffer, BUFFER_BYTES);
    EXPECT_EQ(cbor_read(&sample_type, buffer, length, &read, scratch, 16), CBOR_OK);
    EXPECT_EQ(cbor_read(&sample_type, buffer, length, &read, scratch, 15), CBOR_ROOM);
}

// ---- the standard's own examples -------------------------------------------------------------

TN_DATA(one_int, (int64_t, value));
TN_DATA(one_small, (int16_t, value));
TN_DATA(one_unsigned, (uint64_t, value));
TN_DATA(one_double, (double, value));
TN_DATA(one_float, (float, value));
TN_DATA(one_bool, (bool, value));

static size_t bytes_of(const char *hex, unsigned char *bytes) {
    size_t count = 0;
    for (; hex[0] != '\0'; hex += 2) {
        unsigned value;
        EXPECT_EQ(sscanf(hex, "%2x", &value), 1);
        bytes[count++] = (unsigned char)value;
    }
    return count;
}

static enum cbor_code read_hex(const struct tn_data_type *type, const char *hex, void *value) {
    unsigned char bytes[64];
    return cbor_read(type, bytes, bytes_of(hex, bytes), value, scratch, BUFFER_BYTES);
}

static void expect_hex(const struct tn_data_type *type, const void *value, const char *hex) {
    unsigned char written[64], expected[64];
    const size_t length = cbor_write(type, value, written, sizeof written);
    EXPECT_EQ(length, bytes_of(hex, expected));
    EXPECT(memcmp(written, expected, length) == 0);
}

TEST(numbers_are_written_as_in_the_standard) {
    static const struct {
        int64_t value;
        const char *hex;
    } examples[] = {{0, "8100"},
                    {23, "8117"},
                    {24, "811818"},
                    {100, "811864"},
                    {1000, "811903e8"},
                    {1000000, "811a000f4240"},
                    {1000000000000, "811b000000e8d4a51000"},
                    {-1, "8120"},
                    {-10, "8129"},
                    {-100, "813863"},
                    {-1000, "813903e7"},
                    {INT64_MIN, "813b7fffffffffffffff"}};
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        const struct one_int number = {examples[i].value};
        struct one_int read;
        expect_hex(&tn_data_of_one_int, &number, examples[i].hex);
        EXPECT_EQ(read_hex(&tn_data_of_one_int, examples[i].hex, &read), CBOR_OK);
        EXPECT_EQ(read.value, number.value);
    }
    const struct one_unsigned most = {UINT64_MAX};
    expect_hex(&tn_data_of_one_unsigned, &most, "811bffffffffffffffff");
    const struct one_double number = {1.1};
    expect_hex(&tn_data_of_one_double, &number, "81fb3ff199999999999a");
    const struct one_float single = {100000.0f};
    expect_hex(&tn_data_of_one_float, &single, "81fa47c35000");
    const struct one_bool yes = {true};
    expect_hex(&tn_data_of_one_bool, &yes, "81f5");
}

TEST(other_forms_of_a_number_are_understood) {
    struct one_int number;
    struct one_double wide;
    struct one_float narrow;
    EXPECT_EQ(read_hex(&tn_data_of_one_int, "811b0000000000000005", &number), CBOR_OK);
    EXPECT_EQ(number.value, 5);
    EXPECT_EQ(read_hex(&tn_data_of_one_double, "81f93e00", &wide), CBOR_OK);
    EXPECT_NEAR(wide.value, 1.5, 0);
    EXPECT_EQ(read_hex(&tn_data_of_one_double, "81f90001", &wide), CBOR_OK);
    EXPECT_NEAR(wide.value, 5.960464477539063e-8, 0);
    EXPECT_EQ(read_hex(&tn_data_of_one_double, "81f90400", &wide), CBOR_OK);
    EXPECT_NEAR(wide.value, 0.00006103515625, 0);
    EXPECT_EQ(read_hex(&tn_data_of_one_double, "81f9c400", &wide), CBOR_OK);
    EXPECT_NEAR(wide.value, -4.0, 0);
    EXPECT_EQ(read_hex(&tn_data_of_one_double, "81f97c00", &wide), CBOR_OK);
    EXPECT(wide.value > 1e300);
    EXPECT_EQ(read_hex(&tn_data_of_one_double, "81fa47c35000", &wide), CBOR_OK);
    EXPECT_NEAR(wide.value, 100000.0, 0);
    EXPECT_EQ(read_hex(&tn_data_of_one_float, "81f97bff", &narrow), CBOR_OK);
    EXPECT_NEAR((double)narrow.value, 65504.0, 0);
}

TEST(what_does_not_fit_is_an_error_and_never_another_value) {
    struct one_small small;
    struct one_unsigned number;
    struct one_float narrow;
    struct one_bool is;
    EXPECT_EQ(read_hex(&tn_data_of_one_small, "81197fff", &small), CBOR_OK);
    EXPECT_EQ(read_hex(&tn_data_of_one_small, "81198000", &small), CBOR_RANGE);
    EXPECT_EQ(read_hex(&tn_data_of_one_small, "81397fff", &small), CBOR_OK);
    EXPECT_EQ(small.value, -32768);
    EXPECT_EQ(read_hex(&tn_data_of_one_small, "81398000", &small), CBOR_RANGE);
    EXPECT_EQ(read_hex(&tn_data_of_one_unsigned, "8120", &number), CBOR_RANGE);
    EXPECT_EQ(read_hex(&tn_data_of_one_float, "81fb3ff199999999999a", &narrow), CBOR_RANGE);
    EXPECT_EQ(read_hex(&tn_data_of_one_bool, "81f6", &is), CBOR_TYPE); // null
    EXPECT_EQ(read_hex(&tn_data_of_one_bool, "8101", &is), CBOR_TYPE);
    EXPECT_EQ(read_hex(&tn_data_of_one_bool, "9ff5ff", &is), CBOR_TYPE); // no definite length
    EXPECT_EQ(read_hex(&tn_data_of_one_bool, "82f5f5", &is), CBOR_TYPE); // one too many
    EXPECT_EQ(read_hex(&tn_data_of_one_bool, "80", &is), CBOR_TYPE);
    EXPECT_EQ(read_hex(&tn_data_of_one_bool, "81fc", &is), CBOR_TYPE); // reserved
    EXPECT_STR(cbor_text(CBOR_RANGE), "a number does not fit");
}

struct one_array {
    tn_uint32s value;
};
TN_DATA_TYPE_(one_array_type, struct one_array, one_array, one_array, (tn_uint32s, value));

TEST(an_array_of_the_other_order_of_bytes_is_turned_round) {
    struct one_array array;
    EXPECT_EQ(read_hex(&one_array_type, "81d842480102030405060708", &array), CBOR_OK); // big
    EXPECT_EQ(array.value.count, 2);
    EXPECT_EQ(array.value.data[0], 0x01020304);
    EXPECT_EQ(read_hex(&one_array_type, "81d846480102030405060708", &array), CBOR_OK); // little
    EXPECT_EQ(array.value.data[1], 0x08070605);
    EXPECT_EQ(read_hex(&one_array_type, "81d847480102030405060708", &array), CBOR_TYPE); // of 64
    EXPECT_EQ(read_hex(&one_array_type, "8148", &array), CBOR_TYPE);
    EXPECT_EQ(read_hex(&one_array_type, "81d846430102030405", &array), CBOR_RANGE); // 3 of 4 bytes
    EXPECT_EQ(read_hex(&one_array_type, "81d8465bffffffffffffffff", &array), CBOR_SHORT);
}

// ---- whatever comes --------------------------------------------------------------------------

// Sums up what was read, so that a sanitizer sees each byte touched.
static uint64_t touch(const struct sample *sample) {
    uint64_t sum = 0;
    for (unsigned i = 1; i < sample_type.count; i++) {
        struct schema_view view;
        memcpy(&view, (const char *)sample + sample_type.fields[i].offset, sizeof view);
        for (size_t k = 0; k < view.count * sample_type.fields[i].element_bytes; k++) {
            sum += ((const unsigned char *)view.data)[k];
        }
    }
    return sum;
}

// Changes a few bytes, or the length.
static size_t spoil(unsigned char *bytes, size_t length, struct random *random) {
    for (uint64_t i = random_below(random, 4); i-- > 0;) {
        const uint64_t how = random_below(random, 3);
        unsigned char *at = &bytes[random_below(random, length)];
        const unsigned flipped = *at ^ 1u << random_below(random, 8);
        const unsigned extreme = 0xf8u | (unsigned)random_below(random, 8);
        const unsigned any = (unsigned)random_next(random);
        *at = (unsigned char)(how == 0 ? any : how == 1 ? flipped : extreme);
    }
    return random_once_in(random, 4) ? (size_t)random_below(random, length + 1) : length;
}

// Reads spoiled copies and encodings, from memory of exactly their size.
static void fuzz(uint64_t count, uint64_t seed) {
    struct random random;
    random_init(&random, seed);
    struct sample_memory memory;
    struct sample sample, read;
    uint64_t accepted = 0, sum = 0;
    for (uint64_t i = 0; i < count; i++) {
        sample_fill(&sample, &memory, &random);
        const bool is_copy = random_once_in(&random, 2);
        size_t bytes = is_copy ? copy_bytes(&sample_type, &sample)
                               : cbor_write(&sample_type, &sample, buffer, BUFFER_BYTES);
        if (is_copy) {
            copy_write(&sample_type, &sample, buffer);
        }
        bytes = spoil(buffer, bytes, &random);
        unsigned char *exact = malloc(bytes + 1);
        unsigned char *room = malloc(cbor_scratch_bytes(&sample_type, bytes));
        memcpy(exact, buffer, bytes);
        const bool is_read = is_copy
                                 ? copy_read(&sample_type, exact, bytes, &read)
                                 : cbor_read(&sample_type, exact, bytes, &read, room,
                                             cbor_scratch_bytes(&sample_type, bytes)) == CBOR_OK;
        if (is_read) {
            accepted++;
            sum += touch(&read);
        }
        free(room);
        free(exact);
    }
    TEST_NOTE("%llu spoiled inputs, %llu of them still right (%llx)", (unsigned long long)count,
              (unsigned long long)accepted, (unsigned long long)sum);
    EXPECT(accepted > 0 && accepted < count);
}

TEST(spoiled_inputs_are_refused_or_read_inside_their_bounds, .seconds = FUZZ_SECONDS) {
    fuzz(fuzz_count(100000), test_seed());
}

TEST(noise_is_refused_or_read_inside_its_bounds, .seconds = FUZZ_SECONDS) {
    struct random random;
    random_init(&random, test_seed());
    struct one_array array;
    const uint64_t count = fuzz_count(100000);
    uint64_t accepted = 0;
    for (uint64_t i = 0; i < count; i++) {
        unsigned char bytes[24] = {0x81, 0xd8, 0x46}; // a good beginning, every other time
        const size_t length = (size_t)random_below(&random, sizeof bytes + 1);
        for (size_t k = i % 2 == 0 ? 3 : 0; k < length; k++) {
            static const unsigned char often[] = {0x81, 0xd8, 0x46, 0x42, 0x44, 0x48, 0x5b, 0x00};
            bytes[k] = random_once_in(&random, 8) ? (unsigned char)random_next(&random)
                                                  : often[random_below(&random, 8)];
        }
        if (cbor_read(&one_array_type, bytes, length, &array, scratch, 32) == CBOR_OK) {
            accepted++;
            EXPECT(array.value.count <= length / 4);
        }
    }
    TEST_NOTE("%llu of %llu accepted", (unsigned long long)accepted, (unsigned long long)count);
    EXPECT(accepted > 0 && accepted < count / 10);
}

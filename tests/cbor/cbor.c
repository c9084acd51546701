// What Tenon writes is read by libcbor, an independent CBOR library, and the other way round.
//
// Invariant: both sides have the same values. Start reading at a_sample_is_read_by_libcbor.
#include <cbor.h>

#include "cluster/cbor.h"
#include "support/data_sample.h"
#include "support/test.h"

enum { BUFFER_BYTES = 2048 };

static unsigned char buffer[BUFFER_BYTES];
static _Alignas(8) unsigned char scratch[BUFFER_BYTES];

static int64_t int_of(const cbor_item_t *item) {
    const uint64_t number = cbor_get_int(item);
    return (int64_t)(cbor_isa_negint(item) ? ~number : number);
}

// The bytes of a view: behind its tag, if it has one.
static void expect_view(cbor_item_t *item, unsigned tag, const void *data, size_t bytes) {
    if (tag != 0) {
        EXPECT(cbor_isa_tag(item));
        EXPECT_EQ(cbor_tag_value(item), tag);
        item = cbor_move(cbor_tag_item(item));
    }
    EXPECT(cbor_isa_bytestring(item) || (tag == 0 && cbor_isa_string(item)));
    const bool is_text = cbor_isa_string(item);
    EXPECT_EQ(is_text ? cbor_string_length(item) : cbor_bytestring_length(item), bytes);
    const void *found = is_text ? cbor_string_handle(item) : cbor_bytestring_handle(item);
    EXPECT(bytes == 0 || memcmp(found, data, bytes) == 0);
}

static cbor_item_t *at(cbor_item_t *array, size_t index) {
    EXPECT(cbor_isa_array(array));
    return cbor_move(cbor_array_get(array, index));
}

static void expect_scalars(cbor_item_t *item, const struct sample_scalars *scalars) {
    EXPECT_EQ(int_of(at(item, 0)), scalars->a);
    EXPECT_EQ(int_of(at(item, 1)), scalars->b);
    EXPECT_EQ(int_of(at(item, 2)), scalars->c);
    EXPECT_EQ(int_of(at(item, 3)), scalars->d);
    EXPECT_EQ(int_of(at(item, 4)), scalars->e);
    EXPECT_EQ((uint64_t)int_of(at(item, 5)), scalars->f);
    EXPECT_EQ(int_of(at(item, 6)), scalars->g);
    cbor_item_t *inner = at(item, 7);
    EXPECT_EQ(cbor_array_size(inner), 4);
    EXPECT_EQ(cbor_get_bool(at(inner, 0)), scalars->inner.is);
    const double x = cbor_float_get_float8(at(at(inner, 1), 0));
    const float y = cbor_float_get_float4(at(at(inner, 1), 1));
    EXPECT(memcmp(&x, &scalars->inner.at.x, sizeof x) == 0 || x != x);
    EXPECT(memcmp(&y, &scalars->inner.at.y, sizeof y) == 0 || y != y);
    EXPECT_EQ(int_of(at(inner, 2)), (unsigned char)scalars->inner.letter);
    EXPECT_EQ(int_of(at(inner, 3)), scalars->inner.tiny);
}

TEST(a_sample_is_read_by_libcbor) {
    struct random random;
    random_init(&random, test_seed());
    struct sample_memory memory;
    struct sample sample;
    for (int i = 0; i < 2000 / test_slowness(); i++) {
        sample_fill(&sample, &memory, &random);
        const size_t length = cbor_write(&sample_type, &sample, buffer, BUFFER_BYTES);
        struct cbor_load_result result;
        cbor_item_t *whole = cbor_load(buffer, length, &result);
        EXPECT(whole != NULL);
        EXPECT_EQ(result.read, length);
        EXPECT_EQ(cbor_array_size(whole), sample_type.count);
        expect_scalars(at(whole, 0), &sample.scalars);
        expect_view(at(whole, 1), 0, sample.text.data, sample.text.count);
        expect_view(at(whole, 2), 0, sample.bytes.data, sample.bytes.count);
        expect_view(at(whole, 3), 86, sample.doubles.data, 8 * sample.doubles.count);
        expect_view(at(whole, 4), 77, sample.shorts.data, 2 * sample.shorts.count);
        expect_view(at(whole, 5), 70, sample.words.data, 4 * sample.words.count);
        expect_view(at(whole, 6), 72, sample.tinies.data, sample.tinies.count);
        expect_view(at(whole, 7), 85, sample.floats.data, 4 * sample.floats.count);
        cbor_decref(&whole);
    }
}

// libcbor writes what it has read.
TEST(what_libcbor_writes_is_read_here) {
    struct random random;
    random_init(&random, test_seed());
    struct sample_memory memory;
    struct sample sample, read;
    static unsigned char again[BUFFER_BYTES];
    for (int i = 0; i < 2000 / test_slowness(); i++) {
        sample_fill(&sample, &memory, &random);
        sample.scalars.inner.at.x = (double)i / 3; // it may change what is not a number
        sample.scalars.inner.at.y = (float)i / 3;
        const size_t length = cbor_write(&sample_type, &sample, buffer, BUFFER_BYTES);
        struct cbor_load_result result;
        cbor_item_t *whole = cbor_load(buffer, length, &result);
        EXPECT(whole != NULL);
        const size_t written = cbor_serialize(whole, again, BUFFER_BYTES);
        EXPECT(written > 0);
        cbor_decref(&whole);
        EXPECT_EQ(cbor_read(&sample_type, again, written, &read, scratch, BUFFER_BYTES), CBOR_OK);
        EXPECT(sample_equals(&sample, &read));
    }
}

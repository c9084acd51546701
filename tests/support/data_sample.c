// See data_sample.h.
#include "support/data_sample.h"

static uint64_t any_number(struct random *random) {
    const uint64_t number = random_next(random);
    switch (random_below(random, 4)) {
    case 0:
        return number;
    case 1:
        return number % 30; // around the shortest form
    case 2:
        return (UINT64_C(1) << number % 64) - (number >> 63); // around each power of two
    default:
        return ~(number % 300);
    }
}

static size_t any_count(struct random *random) {
    return (size_t)random_below(random, SAMPLE_ELEMENTS_MAX + 1);
}

void sample_fill(struct sample *sample, struct sample_memory *memory, struct random *random) {
    for (int i = 0; i < SAMPLE_ELEMENTS_MAX; i++) {
        const uint64_t bits = random_next(random);
        memcpy(&memory->doubles[i], &bits, sizeof bits);
        for (int k = 0; k < 6; k++) {
            memory->words[k][i] = any_number(random);
        }
    }
    struct sample_scalars *scalars = &sample->scalars;
    memset(sample, 0, sizeof *sample);
    scalars->a = (int16_t)any_number(random);
    scalars->b = (uint16_t)any_number(random);
    scalars->c = (int32_t)any_number(random);
    scalars->d = (uint32_t)any_number(random);
    scalars->e = (int64_t)any_number(random);
    scalars->f = any_number(random);
    scalars->g = (uint8_t)any_number(random);
    scalars->inner.is = random_once_in(random, 2);
    scalars->inner.letter = (char)any_number(random);
    scalars->inner.tiny = (int8_t)any_number(random);
    scalars->inner.at.x = memory->doubles[0];
    const uint32_t bits = (uint32_t)random_next(random);
    memcpy(&scalars->inner.at.y, &bits, sizeof bits);
    if (random_once_in(random, 2)) {
        sample->text = tn_text_of("gr\xc3\xbc\xc3\x9f"
                                  "e \xe2\x82\xac \xf0\x9f\x8c\x8d");
    } else {
        sample->text = (tn_text){(const char *)memory->words[0], any_count(random)};
    }
    sample->bytes = tn_bytes_of((const unsigned char *)memory->words[1], any_count(random));
    sample->doubles = tn_doubles_of(memory->doubles, any_count(random));
    sample->shorts = tn_int16s_of((const int16_t *)memory->words[2], any_count(random));
    sample->words = tn_uint32s_of((const uint32_t *)memory->words[3], any_count(random));
    sample->tinies = tn_int8s_of((const int8_t *)memory->words[4], any_count(random));
    sample->floats = tn_floats_of((const float *)memory->words[5], any_count(random));
}

static bool equal_views(const void *one, size_t one_count, const void *other, size_t other_count,
                        size_t element_bytes) {
    return one_count == other_count &&
           (one_count == 0 || memcmp(one, other, one_count * element_bytes) == 0);
}

bool sample_equals(const struct sample *one, const struct sample *other) {
    const struct sample_scalars *a = &one->scalars, *b = &other->scalars;
    const struct sample_inner *c = &a->inner, *d = &b->inner;
#define EQUAL_VIEWS(name)                                                                          \
    equal_views(one->name.data, one->name.count, other->name.data, other->name.count,              \
                sizeof *one->name.data)
    return a->a == b->a && a->b == b->b && a->c == b->c && a->d == b->d && a->e == b->e &&
           a->f == b->f && a->g == b->g && c->is == d->is && c->letter == d->letter &&
           c->tiny == d->tiny && memcmp(&c->at.x, &d->at.x, sizeof c->at.x) == 0 &&
           memcmp(&c->at.y, &d->at.y, sizeof c->at.y) == 0 && EQUAL_VIEWS(text) &&
           EQUAL_VIEWS(bytes) && EQUAL_VIEWS(doubles) && EQUAL_VIEWS(shorts) &&
           EQUAL_VIEWS(words) && EQUAL_VIEWS(tinies) && EQUAL_VIEWS(floats);
#undef EQUAL_VIEWS
}

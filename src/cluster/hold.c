// hold.c - see hold.h.
#include "cluster/hold.h"

#include "base/bits.h"
#include "base/cache.h"
#include "base/check.h"

void hold_init(struct hold *hold, void *memory, size_t bytes, struct hold_piece *pieces,
               uint32_t piece_count) {
    REQUIRE(bits_is_power(piece_count), "a hold has a power of two of pieces");
    *hold = (struct hold){
        .memory = memory, .bytes = bytes, .pieces = pieces, .piece_count = piece_count};
}

static struct hold_piece *piece(const struct hold *hold, uint64_t index) {
    return &hold->pieces[index & (hold->piece_count - 1)];
}

bool hold_find(struct hold *hold, uint64_t tail, size_t bytes, size_t *begin) {
    while (hold->first != hold->next && piece(hold, hold->first)->number < tail) {
        hold->first++;
    }
    if (hold->next - hold->first == hold->piece_count || bytes > hold->bytes) {
        return false;
    }
    *begin = 0;
    if (hold->first == hold->next) {
        return true;
    }
    const struct hold_piece *oldest = piece(hold, hold->first);
    const struct hold_piece *newest = piece(hold, hold->next - 1);
    const bool is_wrapped = newest->begin < oldest->begin;
    if (!is_wrapped && bytes <= oldest->begin) {
        return true;
    }
    *begin = newest->end;
    return bytes <= (is_wrapped ? oldest->begin : hold->bytes) - newest->end;
}

void hold_keep(struct hold *hold, uint64_t number, size_t begin, size_t bytes) {
    size_t end = bits_round_up(begin + bytes, CACHE_LINE);
    end = end < hold->bytes ? end : hold->bytes;
    *piece(hold, hold->next++) = (struct hold_piece){number, begin, end};
    hold->touched = end > hold->touched ? end : hold->touched;
}

const void *hold_at(const void *memory, size_t hold_bytes, uint64_t begin, size_t bytes) {
    const bool is_inside =
        begin % CACHE_LINE == 0 && begin <= hold_bytes && bytes <= hold_bytes - begin;
    return is_inside ? (const unsigned char *)memory + begin : NULL;
}

bool hold_is_idle(const struct hold *hold, uint64_t tail) {
    const bool is_empty = hold->first == hold->next || piece(hold, hold->next - 1)->number < tail;
    return is_empty && hold->touched > 0;
}

// The list of DFrames: finding them by identity, twins, plug-ins that come and go.
//
// Invariant: what is in the list is what is loaded. Start reading at the first TEST.
#include "cluster/registry.h"
#include "cluster/schema.h"
#include "support/test.h"

TN_DFRAME(int, one, (int, n)) {
    return n;
}

TN_DFRAME(void, other, (tn_text, text)) {
    (void)text;
}

TEST(a_dframe_is_found_by_its_identity) {
    EXPECT_EQ(registry_count(), 2);
    char text[40];
    (void)schema_write("one", one_tn_travel.arguments, one_tn_travel.result, text, sizeof text);
    EXPECT_STR(text, "one(i4)i4");
    (void)schema_write("other", other_tn_travel.arguments, other_tn_travel.result, text,
                       sizeof text);
    EXPECT_STR(text, "other(t)v");
    EXPECT(registry_find(registry_identity(&one_tn_type)) == &one_tn_type);
    EXPECT(registry_find(registry_identity(&other_tn_type)) == &other_tn_type);
    EXPECT(registry_find(12345) == NULL);
}

TEST(an_identity_is_calculated_once) {
    EXPECT_EQ(*one_tn_travel.identity,
              schema_identity("one", one_tn_travel.arguments, one_tn_travel.result));
    EXPECT_EQ(registry_identity(&one_tn_type), *one_tn_travel.identity);
    EXPECT(*one_tn_travel.identity != *other_tn_travel.identity);
    *one_tn_travel.identity += 1;
    EXPECT_EQ(registry_identity(&one_tn_type), *one_tn_travel.identity); // not again
}

// Announces one DFrame, which nobody else has.
struct plug_in {
    struct tn_travel travel;
    struct tn_type type;
    struct tn_dframe_entry entry;
};

static const struct tn_type *make_plug_in(struct plug_in *plug_in) {
    plug_in->travel = (struct tn_travel){other_tn_travel.arguments, other_tn_travel.result, NULL};
    plug_in->type = other_tn_type;
    plug_in->type.name = "another";
    plug_in->type.travel = &plug_in->travel;
    plug_in->entry = (struct tn_dframe_entry){&plug_in->type, NULL, 0, NULL};
    return &plug_in->type;
}

TEST(a_plug_in_that_goes_takes_its_dframes_along) {
    struct plug_in plug_in;
    const struct tn_type *const type = make_plug_in(&plug_in);
    struct tn_dframe_entry *const entries[] = {&plug_in.entry};
    tn_dframe_register(entries, entries + 1);
    tn_dframe_register(entries, entries + 1); // by each of its constructors
    EXPECT_EQ(registry_count(), 3);
    EXPECT(registry_find(registry_identity(type)) == type);
    tn_dframe_unregister(entries, entries + 1);
    tn_dframe_unregister(entries, entries + 1);
    EXPECT_EQ(registry_count(), 2);
    EXPECT(registry_find(registry_identity(type)) == NULL);
}

TEST(who_asks_again_hears_of_what_has_come_and_gone) {
    struct plug_in plug_in;
    const struct tn_type *const type = make_plug_in(&plug_in);
    struct tn_dframe_entry *const entries[] = {&plug_in.entry};
    struct registry_found found = {0};
    for (int i = 0; i < 3; i++) {
        EXPECT(registry_find_again(&found, registry_identity(type)) == NULL);
        tn_dframe_register(entries, entries + 1);
        EXPECT(registry_find_again(&found, registry_identity(type)) == type);
        EXPECT(registry_find_again(&found, registry_identity(type)) == type);
        EXPECT(registry_find_again(&found, registry_identity(&one_tn_type)) == &one_tn_type);
        EXPECT(registry_find_again(&found, registry_identity(type)) == type);
        tn_dframe_unregister(entries, entries + 1);
    }
}

static void register_twin(void *argument) {
    (void)argument;
    struct tn_type type = one_tn_type;
    type.line = 77;
    struct tn_dframe_entry entry = {&type, NULL, 0, NULL};
    struct tn_dframe_entry *const entries[] = {&entry};
    tn_dframe_register(entries, entries + 1);
    EXPECT(registry_find(registry_identity(&type)) == NULL); // which one is meant?
    tn_dframe_unregister(entries, entries + 1);
    EXPECT(registry_find(registry_identity(&type)) == &one_tn_type);
}

TEST(twins_are_reported_and_neither_is_found) {
    EXPECT_DIES(register_twin, NULL, 0,
                "two DFrames are called one and take and give the same: give one of them another");
}

TN_DATA(deep_0, (int, n));
TN_DATA(deep_1, (struct deep_0, n));
TN_DATA(deep_2, (struct deep_1, n));
TN_DATA(deep_3, (struct deep_2, n));
TN_DATA(deep_4, (struct deep_3, n));
TN_DATA(deep_5, (struct deep_4, n));
TN_DATA(deep_6, (struct deep_5, n));
TN_DATA(deep_7, (struct deep_6, n));
TN_DATA(deep_8, (struct deep_7, n));
TN_DATA(deep_9, (struct deep_8, n));

static void register_too_deep(void *argument) {
    (void)argument;
    const struct tn_travel travel = {&tn_data_of_deep_9, NULL, NULL};
    struct tn_type type = one_tn_type;
    type.travel = &travel;
    struct tn_dframe_entry entry = {&type, NULL, 0, NULL};
    struct tn_dframe_entry *const entries[] = {&entry};
    tn_dframe_register(entries, entries + 1);
    EXPECT_EQ(entry.identity, 0);
    EXPECT(schema_is_valid(&tn_data_of_deep_8));
}

TEST(what_is_nested_too_deep_is_reported) {
    EXPECT_DIES(register_too_deep, NULL, 0, "nested deeper than 8");
}

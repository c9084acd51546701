// registry.h - the DFrames of this process, by their identity.
//
// Constructors fill it (tenon/dframe.h). An identity is the same in each build that has the same
// name and types there (schema.h), while addresses, and the order in a section, are not.
// Invariant: an entry is in the list exactly while its identity is not 0.
// Start reading at tn_dframe_register in registry.c.
#ifndef TENON_CLUSTER_REGISTRY_H
#define TENON_CLUSTER_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>

#include <tenon/dframe.h>

// The function that another process calls `identity`. NULL: there is none here, or there are
// several, so that nobody can say which. It stays until its plug-in is unloaded. From any thread.
const struct tn_type *registry_find(uint64_t identity);

// The same for who asks often, and mostly for the one that he has asked for before, which is kept
// in *found (all zeros at first). From one thread at a time.
struct registry_found {
    uint64_t identity; // 0: none yet
    const struct tn_type *type;
    uint32_t version; // of the registry, then
};
const struct tn_type *registry_find_again(struct registry_found *found, uint64_t identity);

// How many there are.
size_t registry_count(void);

// Whether the program itself has announced its own, before main; then other processes of it know
// them too, and those of the libraries it was linked with, but not those of plug-ins.
bool registry_knows_program(void);

// Visits all of these, in no order that would mean anything.
void registry_each_of_start(void (*visit)(void *argument, const struct tn_dframe_entry *entry),
                            void *argument);

// The identity of a DFrame.
uint64_t registry_identity(const struct tn_type *type);

#endif

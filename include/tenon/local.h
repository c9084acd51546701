// tenon/local.h - values that a frame and everything below it can see.
//
//     TN_LOCAL(struct account *, account);            // at file level: a key, its values' type
//
//     tn_local_set(account, open_account(name));      // in a frame
//     ...
//     struct account *who = tn_local_get(account);    // in that frame and in any frame below it
//
// A lookup goes from the current frame outwards and takes the first value it meets: so a frame
// inherits what its ancestors have set, also after its creation, and what it sets itself is seen by
// nobody beside or above it. A value is copied; it lives as long as the frame that set it.
//
//     TN_DLOCAL(int, verbosity);                      // the same, of a type that travels
//
// In a DFrame that runs in another process, and below it, only values of a TN_DLOCAL are seen, as
// they were when it was sent: what its ancestors set after that stays here. Where it runs in this
// process, it sees all values as they are.
#ifndef TENON_LOCAL_H
#define TENON_LOCAL_H

#include <tenon/data.h>
#include <tenon/task.h>

#ifdef __cplusplus
extern "C" {
#endif

// The identity of a key is its address; that of one that travels, in another process of the same
// build, where it is defined and its name.
struct tn_local {
    const char *name;
    size_t bytes;     // of a value
    const char *file; // NULL: it does not travel
    unsigned line;
};

// TN_LOCAL(type, name): defines a key for use in this file. For several files: TN_LOCAL_DECLARE in
// a header, TN_LOCAL_DEFINE in one file. `type` may be any copyable type.
#define TN_LOCAL(type, name)                                                                       \
    static const struct tn_local name##_tn_local                                                   \
        __attribute__((unused)) = {#name, sizeof(type), NULL, 0};                                  \
    TN_LOCAL_ACCESS_(type, name)
#define TN_LOCAL_DECLARE(type, name)                                                               \
    extern const struct tn_local name##_tn_local;                                                  \
    TN_LOCAL_ACCESS_(type, name)
#define TN_LOCAL_DEFINE(type, name)                                                                \
    const struct tn_local name##_tn_local = {#name, sizeof(type), NULL, 0}

// TN_DLOCAL(type, name): the same for a key whose values travel: a scalar, or a structure declared
// by TN_DATA. For several files: TN_LOCAL_DECLARE in a header, TN_DLOCAL_DEFINE in one file.
#define TN_DLOCAL(type, name)                                                                      \
    TN_LOCAL_TRAVELS_(type)                                                                        \
    static const struct tn_local name##_tn_local                                                   \
        __attribute__((unused)) = {#name, sizeof(type), __BASE_FILE__, __LINE__};                  \
    TN_LOCAL_ACCESS_(type, name)
#define TN_DLOCAL_DEFINE(type, name)                                                               \
    TN_LOCAL_TRAVELS_(type)                                                                        \
    const struct tn_local name##_tn_local = {#name, sizeof(type), __BASE_FILE__, __LINE__}

// Sets the value for the current frame and those below it. Uses `self`. Returns TN_OK or
// TN_NO_MEMORY: then nothing has changed.
#define tn_local_set(name, value) name##_tn_local_set(self, value)

// The value that holds here; all zeros when no frame from here up has set one. Uses `self`.
#define tn_local_get(name) name##_tn_local_get(self)

// What the macros call. `value` points to key->bytes bytes. tn_local_write returns TN_OK or
// TN_NO_MEMORY; tn_local_read returns false, and leaves `value` alone, when there is none.
TN_PUBLIC int tn_local_write(struct tn_self *self, const struct tn_local *key, const void *value);
TN_PUBLIC bool tn_local_read(struct tn_self *self, const struct tn_local *key, void *value);

#define TN_LOCAL_TRAVELS_(type)                                                                    \
    TN_IS_NO_POINTER_(type)                                                                        \
    TN_STATIC_ASSERT_(TN_IS_POINTER_(type) ||                                                      \
                          (TN_DATA_CODE_(type) != 0 && TN_DATA_CODE_(type) / 256 < TN_DATA_TEXT),  \
                      "a frame-local value that travels is a scalar, or a structure declared by "  \
                      "TN_DATA (written struct NAME)");

#define TN_LOCAL_ACCESS_(type, name)                                                               \
    TN_INLINE_ int name##_tn_local_set(struct tn_self *self, type tn_value) {                      \
        return tn_local_write(self, &name##_tn_local, &tn_value);                                  \
    }                                                                                              \
    TN_INLINE_ type name##_tn_local_get(struct tn_self *self) {                                    \
        type tn_value;                                                                             \
        __builtin_memset(&tn_value, 0, sizeof tn_value);                                           \
        (void)tn_local_read(self, &name##_tn_local, &tn_value);                                    \
        return tn_value;                                                                           \
    }                                                                                              \
    struct tn_local /* swallows the semicolon */

#ifdef __cplusplus
}
#endif

#endif

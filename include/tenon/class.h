// tenon/class.h - frames with data and behaviour of their own, and objects that belong to them.
//
//     struct window { int width; };
//     TN_CLASS(window, (int, width)) { object->width = width; return TN_OK; }
//     TN_DESTRUCTOR(window) { printf("window of %d closed\n", object->width); }
//
//     TN_FRAME(void, main_window) {
//         struct window *window;
//         if (tn_become(window, &window, 640) < 0) return;   // this frame is a window from here on
//         ...                                                // children find it:
//     }                                                      //     tn_enclosing(window)->width
//
// A class is a struct whose life is a frame's: a constructor, with arguments, fills it in, and a
// destructor runs after the frame has left the tree and those who waited for it were woken, but
// before what encloses the frame ends. A frame may be of several classes; so one class builds on
// another by composition. The newest is destroyed first.
//
// A primitive is an object that belongs to the nearest enclosing frame of its owner class and is
// disposed of with it, the one created last first, after the frame's children have been removed:
//
//     struct button { const char *label; };
//     TN_PRIMITIVE(window, button, (const char *, label)) { object->label = label; return TN_OK; }
//     TN_DESTRUCTOR(button) { }
//     ...
//     struct button *ok;
//     int code = tn_create(button, &ok, "OK");               // TN_NO_OWNER outside of a window
//
// Objects are ordinary memory: a frame on another thread that uses one takes the same care as with
// any other shared memory.
#ifndef TENON_CLASS_H
#define TENON_CLASS_H

#include <tenon/macros.h>
#include <tenon/task.h>

#ifdef __cplusplus
extern "C" {
#endif

// A class of frames or of primitives; its identity is its address.
struct tn_class {
    const char *name;
    size_t bytes;
    const struct tn_class *owner; // of primitives; NULL: a class of frames
    int (*construct)(struct tn_self *self, void *object, void *owner, const void *arguments);
    void (*destroy)(void *object);
};

// ---- declaring -------------------------------------------------------------------------------

// TN_CLASS(name, (type, parameter), ...) { body } defines a class of frames for use in this file;
// `struct name` is complete there. The body is the constructor: it finds `self`, the zeroed object
// as `object`, and the parameters, up to eight, none of them called self, object or owner. It
// returns TN_OK; or a negative code, and then the object is not made and the destructor does not
// run. It may wait.
#define TN_CLASS(...) TN_APPLY_(TN_CLASS_WHOLE_, TN_FIRST_(__VA_ARGS__), NULL, void, __VA_ARGS__)

// TN_PRIMITIVE(owner class, name, (type, parameter), ...) { body }: the same for primitives. The
// body also finds the object of the owning frame as `owner`.
#define TN_PRIMITIVE(owner_class, ...)                                                             \
    TN_APPLY_(TN_CLASS_WHOLE_, TN_FIRST_(__VA_ARGS__), &owner_class##_tn_class,                    \
              struct owner_class, __VA_ARGS__)

// TN_DESTRUCTOR(name) { body }: every class and every primitive has one, in the same file. The body
// finds `object`; it must not wait.
#define TN_DESTRUCTOR(name)                                                                        \
    static void name##_tn_destruct(struct name *object __attribute__((unused)))

// TN_CLASS_DECLARE(name, (type, parameter), ...);
// TN_CLASS_DEFINE(name, (type, parameter), ...) { body }
// TN_PRIMITIVE_DECLARE(owner class, name, (type, parameter), ...);
// TN_PRIMITIVE_DEFINE(owner class, name, (type, parameter), ...) { body }
//
// For a class or a primitive that several files use: the declaring form, with a semicolon, in a
// header that its own file includes too; the defining form, with the body, and the destructor in
// one file.
#define TN_CLASS_DECLARE(...) TN_APPLY_(TN_CLASS_FACE_, TN_FIRST_(__VA_ARGS__), __VA_ARGS__)
#define TN_CLASS_DEFINE(...)                                                                       \
    TN_APPLY_(TN_CLASS_BODY_, , TN_FIRST_(__VA_ARGS__), NULL, void, __VA_ARGS__)
#define TN_PRIMITIVE_DECLARE(owner_class, ...) TN_CLASS_DECLARE(__VA_ARGS__)
#define TN_PRIMITIVE_DEFINE(owner_class, ...)                                                      \
    TN_APPLY_(TN_CLASS_BODY_, , TN_FIRST_(__VA_ARGS__), &owner_class##_tn_class,                   \
              struct owner_class, __VA_ARGS__)

// ---- using -----------------------------------------------------------------------------------

// tn_become(class, &pointer, arguments...): makes an object of the class for the current frame.
// Uses `self`. Returns TN_OK and the object; TN_NO_MEMORY; or what the constructor returned.
// `pointer` is NULL unless TN_OK.
#define tn_become(name, ...) name##_tn_make(self, __VA_ARGS__)

// tn_create(primitive, &pointer, arguments...): makes a primitive for the nearest enclosing frame
// of its owner class, the current frame included. Uses `self`. Returns the same, or TN_NO_OWNER
// when there is no such frame (a programmer's error).
#define tn_create(name, ...) name##_tn_make(self, __VA_ARGS__)

// tn_enclosing(class): the object of the nearest frame of that class, from the current frame
// outwards; NULL when there is none. Uses `self`. Valid as long as that frame has not ended.
#define tn_enclosing(name) ((struct name *)tn_class_find(self, &name##_tn_class))

// Disposes of a primitive before its owner ends. `object` is what tn_create gave; NULL: nothing
// happens, nor when the owner has disposed of it already because it is to end. By the owner or any
// frame below it (by another: a programmer's error, and nothing happens). It is gone afterwards.
TN_PUBLIC void tn_dispose(struct tn_self *self, void *object);

// ---- what the macros call --------------------------------------------------------------------

// What tn_become, tn_create and tn_enclosing become; they return what those do. `arguments` points
// to the constructor's, `object` to where the new object's address goes.
TN_PUBLIC int tn_class_make(struct tn_self *self, const struct tn_class *type,
                            const void *arguments, void **object);
TN_PUBLIC void *tn_class_find(struct tn_self *self, const struct tn_class *type);

#define TN_CLASS_WHOLE_(name, owner_class, owner_type, ...)                                        \
    TN_CLASS_ARGUMENTS_(name, __VA_ARGS__);                                                        \
    TN_CLASS_CORE_(static, name, owner_class, owner_type, __VA_ARGS__);                            \
    TN_CLASS_MAKE_(name, __VA_ARGS__)                                                              \
    TN_CLASS_HEAD_(name, owner_type, __VA_ARGS__)

#define TN_CLASS_FACE_(name, ...)                                                                  \
    TN_CLASS_ARGUMENTS_(name, __VA_ARGS__);                                                        \
    extern const struct tn_class name##_tn_class;                                                  \
    TN_CLASS_MAKE_(name, __VA_ARGS__)                                                              \
    struct name /* swallows the semicolon */

#define TN_CLASS_BODY_(linkage, name, owner_class, owner_type, ...)                                \
    TN_CLASS_CORE_(linkage, name, owner_class, owner_type, __VA_ARGS__);                           \
    TN_CLASS_HEAD_(name, owner_type, __VA_ARGS__)

#define TN_CLASS_ARGUMENTS_(name, ...)                                                             \
    struct name##_tn_class_arguments {                                                             \
        TN_NO_FIELD_(__VA_ARGS__) TN_EACH_(TN_PAIR_FIELD_, __VA_ARGS__)                            \
    }

#define TN_CLASS_MAKE_(name, ...)                                                                  \
    TN_INLINE_ int name##_tn_make(struct tn_self *self, struct name **tn_pointer TN_EACH_(         \
                                                            TN_PAIR_PARAMETER_, __VA_ARGS__)) {    \
        const struct name##_tn_class_arguments tn_arguments = TN_VALUES_(__VA_ARGS__);             \
        void *tn_object = NULL;                                                                    \
        const int tn_code = tn_class_make(self, &name##_tn_class, &tn_arguments, &tn_object);      \
        *tn_pointer = (struct name *)tn_object;                                                    \
        return tn_code;                                                                            \
    }

#define TN_CLASS_CORE_(linkage, name, owner_class, owner_type, ...)                                \
    TN_CLASS_HEAD_(name, owner_type, __VA_ARGS__);                                                 \
    TN_DESTRUCTOR(name);                                                                           \
    static int name##_tn_construct(struct tn_self *self, void *tn_object, void *tn_owner,          \
                                   const void *tn_from) {                                          \
        struct name##_tn_class_arguments tn_arguments;                                             \
        __builtin_memcpy(&tn_arguments, tn_from, sizeof tn_arguments);                             \
        return name##_tn_init(self, (struct name *)tn_object,                                      \
                              (owner_type *)tn_owner TN_EACH_(TN_PAIR_ARGUMENT_, __VA_ARGS__));    \
    }                                                                                              \
    static void name##_tn_destroy(void *tn_object) {                                               \
        name##_tn_destruct((struct name *)tn_object);                                              \
    }                                                                                              \
    linkage const struct tn_class name##_tn_class = {#name, sizeof(struct name), owner_class,      \
                                                     name##_tn_construct, name##_tn_destroy}

#define TN_CLASS_HEAD_(name, owner_type, ...)                                                      \
    static int name##_tn_init(                                                                     \
        struct tn_self *self __attribute__((unused)), struct name *object __attribute__((unused)), \
        owner_type *owner __attribute__((unused)) TN_EACH_(TN_PAIR_PARAMETER_, __VA_ARGS__))

#ifdef __cplusplus
}
#endif

#endif

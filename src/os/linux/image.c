// image.c - what is loaded, by the program headers that the dynamic linker (or, in a static
// program, the C library itself) hands out. See os/image.h.
//
// Invariant: what is read lies in a segment that was loaded readable. Start reading at
// os_image_identity.
#include "os/image.h"

#include <elf.h>
#include <link.h>
#include <string.h>

struct search {
    const void *address;
    struct os_image *image;
    uint64_t identity;
    bool is_first;
    bool is_found;
};

static uint64_t hash_bytes(uint64_t hash, const void *memory, size_t bytes) {
    const unsigned char *at = memory;
    for (; bytes >= 8; bytes -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    for (; bytes > 0; bytes--, at++) {
        hash = (hash ^ *at) * UINT64_C(0x100000001b3);
    }
    return hash ^ hash >> 32;
}

// The build-id among the notes of one segment.
static bool find_build_id(const void *notes, size_t bytes, size_t alignment, const void **id,
                          size_t *id_bytes) {
    const unsigned char *at = notes;
    const size_t unit = alignment == 8 ? 8 : 4;
    while (bytes >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) note;
        memcpy(&note, at, sizeof note);
        const uint64_t name_bytes = (note.n_namesz + unit - 1) & ~(uint64_t)(unit - 1);
        const uint64_t text_bytes = (note.n_descsz + unit - 1) & ~(uint64_t)(unit - 1);
        const uint64_t all = sizeof note + name_bytes + text_bytes;
        if (sizeof note + name_bytes + note.n_descsz > bytes) {
            return false;
        }
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
            memcmp(at + sizeof note, "GNU", 4) == 0) {
            *id = at + sizeof note + name_bytes;
            *id_bytes = note.n_descsz;
            return *id_bytes > 0;
        }
        if (all > bytes) {
            return false;
        }
        at += all;
        bytes -= all;
    }
    return false;
}

static const void *address_of(const struct dl_phdr_info *info, const ElfW(Phdr) * header) {
    return (const void *)((uintptr_t)info->dlpi_addr + header->p_vaddr);
}

static void measure(const struct dl_phdr_info *info, struct os_image *image) {
    *image = (struct os_image){.begin = UINTPTR_MAX};
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type == PT_LOAD) {
            const uintptr_t begin = (uintptr_t)address_of(info, header);
            image->begin = begin < image->begin ? begin : image->begin;
            image->end =
                begin + header->p_memsz > image->end ? begin + header->p_memsz : image->end;
        }
    }
}

// The program comes first.
static int find(struct dl_phdr_info *info, size_t bytes, void *argument) {
    (void)bytes;
    struct search *search = argument;
    struct os_image image;
    measure(info, &image);
    image.is_program = search->is_first;
    search->is_first = false;
    const uintptr_t address = (uintptr_t)search->address;
    if (address < image.begin || address >= image.end) {
        return 0;
    }
    *search->image = image;
    search->is_found = true;
    return 1;
}

bool os_image_find(const void *address, struct os_image *image) {
    struct search search = {.address = address, .image = image, .is_first = true};
    (void)dl_iterate_phdr(find, &search);
    return search.is_found;
}

static uint64_t hash_content(const struct dl_phdr_info *info) {
    uint64_t hash = 1;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type == PT_LOAD && (header->p_flags & (PF_R | PF_W)) == PF_R) {
            hash = hash_bytes(hash, address_of(info, header), header->p_filesz);
        }
    }
    return hash;
}

static int identify(struct dl_phdr_info *info, size_t bytes, void *argument) {
    (void)bytes;
    struct search *search = argument;
    struct os_image image;
    measure(info, &image);
    if (image.begin != search->image->begin || image.end != search->image->end) {
        return 0;
    }
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        const void *id;
        size_t id_bytes;
        if (header->p_type == PT_NOTE && find_build_id(address_of(info, header), header->p_memsz,
                                                       header->p_align, &id, &id_bytes)) {
            search->identity = hash_bytes(2, id, id_bytes);
            return 1;
        }
    }
    search->identity = hash_content(info);
    return 1;
}

uint64_t os_image_identity(const struct os_image *image) {
    struct os_image wanted = *image;
    struct search search = {.image = &wanted};
    (void)dl_iterate_phdr(identify, &search);
    return search.identity;
}

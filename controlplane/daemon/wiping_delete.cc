// This program's operator delete: whatever is freed is wiped (residue.h). The standard library's operator new is
// malloc() or aligned_alloc(), and all other forms of delete come to these four.
#include <malloc.h>

#include <cstdlib>
#include <cstring>
#include <new>

static void wipe_and_free(void* memory) noexcept {
  if (memory == nullptr) return;
  explicit_bzero(memory, malloc_usable_size(memory));
  std::free(memory);
}

void operator delete(void* memory) noexcept { wipe_and_free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { wipe_and_free(memory); }
void operator delete(void* memory, std::size_t) noexcept { wipe_and_free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { wipe_and_free(memory); }

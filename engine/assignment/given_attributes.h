// SPDX-License-Identifier: Apache-2.0
//
// The attributes of a question, with the hashes of their ids: whether they are declared and what
// conditions say of them are both looked up by these.

#ifndef INSIGHTLOOP_ENGINE_ASSIGNMENT_GIVEN_ATTRIBUTES_H_
#define INSIGHTLOOP_ENGINE_ASSIGNMENT_GIVEN_ATTRIBUTES_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/assignment/names.h"
#include "engine/domain/attribute.h"

namespace insightloop {

// Points into the map. Allocates nothing.
class GivenAttributes {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): a view of the map
  GivenAttributes(const AttributeMap& attributes) : all_(attributes) {
    if (!AreFew()) return;
    Given* next = few_.data();
    for (const auto& entry : attributes) *next++ = {HashOfName(entry.first), &entry};
  }

  std::size_t size() const { return all_.size(); }

  // The unit's value; nullptr when it has none.
  const AttributeValue* Find(const HashedName& id) const {
    if (!AreFew()) {
      const auto found = all_.find(id.text);
      return found == all_.end() ? nullptr : &found->second;
    }
    const auto* const end = few_.data() + all_.size();
    for (const auto* given = few_.data(); given != end; ++given) {
      if (HashedName(given->entry->first, given->hash) == id) return &given->entry->second;
    }
    return nullptr;
  }

  // Calls `visit` with every id, a HashedName, and its value, in order of the ids.
  template <class Visit>
  void ForEach(Visit visit) const {
    if (!AreFew()) {
      for (const auto& [id, value] : all_) visit(HashedName(id), value);
      return;
    }
    const auto* const end = few_.data() + all_.size();
    for (const auto* given = few_.data(); given != end; ++given) {
      visit(HashedName(given->entry->first, given->hash), given->entry->second);
    }
  }

 private:
  struct Given {
    std::uint64_t hash;  // of the id
    const AttributeMap::value_type* entry;
  };

  bool AreFew() const { return all_.size() <= few_.size(); }

  const AttributeMap& all_;
  // All where they fit, else nothing: looking at each takes a fraction of the map's own search. Not
  // cleared: what is not written is not read.
  std::array<Given, 16> few_;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ASSIGNMENT_GIVEN_ATTRIBUTES_H_

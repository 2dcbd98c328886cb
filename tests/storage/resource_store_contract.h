// SPDX-License-Identifier: Apache-2.0
//
// What every ResourceStore must do. An implementation links this suite and instantiates it:
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, ResourceStoreContractTest, Values(&OpenSqlite));

#ifndef INSIGHTLOOP_TESTS_STORAGE_RESOURCE_STORE_CONTRACT_H_
#define INSIGHTLOOP_TESTS_STORAGE_RESOURCE_STORE_CONTRACT_H_

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "engine/ports/resource_store.h"

namespace insightloop::testing {

// A new, empty store, with whatever it needs to live.
class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;
  virtual ResourceStore& store() = 0;
};

// Null, after a test failure has been added, when there is none.
using StoreFactory = std::function<std::unique_ptr<StoreUnderTest>()>;

class ResourceStoreContractTest : public ::testing::TestWithParam<StoreFactory> {
 protected:
  void SetUp() override {
    under_test_ = GetParam()();
    ASSERT_NE(under_test_, nullptr);
  }
  ResourceStore& store() { return under_test_->store(); }

  // One change of one resource.
  absl::Status Put(const std::string& name, const std::string& body,
                   const ChangeContext& context = {});
  absl::Status Delete(const std::string& name, const ChangeContext& context = {});

 private:
  std::unique_ptr<StoreUnderTest> under_test_;
};

}  // namespace insightloop::testing

#endif  // INSIGHTLOOP_TESTS_STORAGE_RESOURCE_STORE_CONTRACT_H_

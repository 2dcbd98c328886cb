// SPDX-License-Identifier: Apache-2.0

#ifndef INSIGHTLOOP_STORAGE_SQLITE_MIGRATIONS_0002_EPOCHS_SQL_H_
#define INSIGHTLOOP_STORAGE_SQLITE_MIGRATIONS_0002_EPOCHS_SQL_H_

namespace insightloop::storage {

// Experiments list their epochs. Those that started before had one, with the weights of their
// variants.
inline constexpr char kListEpochs[] = R"sql(

UPDATE resources SET body = json_set(body, '$.epochs', json_array(json_object(
  'epoch', 1,
  'start_time', json_extract(body, '$.start_time'),
  'weights', (SELECT json_group_array(coalesce(json_extract(value, '$.weight'), 0))
              FROM json_each(body, '$.variants')))))
WHERE collection = 'experiments' AND json_extract(body, '$.epoch') IS NOT NULL;

)sql";

}  // namespace insightloop::storage

#endif  // INSIGHTLOOP_STORAGE_SQLITE_MIGRATIONS_0002_EPOCHS_SQL_H_

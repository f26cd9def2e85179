#pragma once

#include "store/s3/s3_client.h"
#include "store/s3/s3_store.h"

namespace godwit::test {

/// Makes the bucket of an s3 URL; fine if it is there.
inline Task<void> make_bucket(Context context, http::Transport& transport, StoreSpec spec) {
  GODWIT_CO_TRY(s3::Config config, s3::read_config(context.world(), spec));
  s3::Client client(context.world(), transport, config, spec);
  s3::Call call;
  call.operation = "make bucket";
  call.method = "PUT";
  GODWIT_CO_CHECK(co_await client.send(context, call));
  co_return Result<void>();
}

}  // namespace godwit::test

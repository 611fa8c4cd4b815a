// The world said no: a value, or an error that says what we were doing.
// A nodiscard class of our own, with std::expected's member names (docs/adr/0003).
#pragma once

#include <concepts>
#include <string>
#include <utility>
#include <variant>

namespace fanlight {

enum class ErrorCode { kInvalid, kNotFound, kInUse, kNoRights, kNoMemory, kNoDevice, kUnavailable, kFailed };

struct Error {
  ErrorCode code = ErrorCode::kFailed;
  std::string what;  // One sentence for a human: what failed, where, and what to do about it.
};

template <class T, class E = Error>
class [[nodiscard]] Result {
 public:
  constexpr Result(T value) : v_(std::in_place_index<0>, std::move(value)) {}
  constexpr Result(E error) : v_(std::in_place_index<1>, std::move(error)) {}
  [[nodiscard]] constexpr bool has_value() const noexcept { return v_.index() == 0; }
  constexpr explicit operator bool() const noexcept { return has_value(); }
  constexpr T& operator*() & noexcept { return *std::get_if<0>(&v_); }
  constexpr const T& operator*() const& noexcept { return *std::get_if<0>(&v_); }
  constexpr T&& operator*() && noexcept { return std::move(*std::get_if<0>(&v_)); }
  constexpr T* operator->() noexcept { return std::get_if<0>(&v_); }
  constexpr const T* operator->() const noexcept { return std::get_if<0>(&v_); }
  constexpr const E& error() const noexcept { return *std::get_if<1>(&v_); }

 private:
  static_assert(!std::same_as<T, E>);
  std::variant<T, E> v_;
};

// What a Result holds when success has nothing to say.
struct Done {};

}  // namespace fanlight

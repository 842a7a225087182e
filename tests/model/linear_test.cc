#include "model/linear.h"

#include <gtest/gtest.h>

namespace winnow::model {
namespace {

// y = Wx + s·B(Ax) + bias with W [2, 3], A [1, 3], B [2, 1].
class LinearTest : public testing::Test {
 protected:
  Linear<double> Layer() {
    Linear<double> layer{.n = 2, .k = 3, .weight = w_.get(), .bias = bias_.data()};
    layer.weight_gradient = dw_.data();
    layer.bias_gradient = dbias_.data();
    return layer;
  }
  Linear<double> Adapted() {
    Linear<double> layer = Layer();
    layer.rank = 1;
    layer.scale = 0.5;
    layer.a = a_.get();
    layer.b = b_.get();
    layer.a_gradient = da_.data();
    layer.b_gradient = db_.data();
    return layer;
  }

  ThreadPool pool_{1};
  std::unique_ptr<device::Ops<double>> ops_ = device::MakeReferenceOps(&pool_);
  const std::vector<double> w_values_{1, 2, 3, 4, 5, 6}, a_values_{1, 0, -1}, b_values_{2, 4};
  const std::vector<double> bias_{10, 20};
  static constexpr auto kBoth = device::PackFor::kForwardAndInputGradient;
  std::unique_ptr<device::PackedMatrix> w_ = ops_->Pack(w_values_.data(), 2, 3, kBoth);
  std::unique_ptr<device::PackedMatrix> a_ = ops_->Pack(a_values_.data(), 1, 3, kBoth);
  std::unique_ptr<device::PackedMatrix> b_ = ops_->Pack(b_values_.data(), 2, 1, kBoth);
  std::vector<double> dw_ = std::vector<double>(6), dbias_ = std::vector<double>(2),
                      da_ = std::vector<double>(3), db_ = std::vector<double>(2);
  const std::vector<double> x_{1, 1, 1, 3, 0, 1};  // [2, 3]
  LinearScratch<double> scratch_;
};

TEST_F(LinearTest, AddsBiasAndAdapter) {
  std::vector<double> y(4);
  LinearForward(*ops_, Layer(), x_.data(), 2, &scratch_, y.data());
  EXPECT_EQ(y, (std::vector<double>{16, 35, 16, 38}));
  LinearForward(*ops_, Adapted(), x_.data(), 2, &scratch_, y.data());
  EXPECT_EQ(y, (std::vector<double>{16, 35, 16 + 2, 38 + 4}));  // Ax = 0 and 2
}

TEST_F(LinearTest, GivesEveryGradient) {
  const std::vector<double> dy{1, 0, 0, 2};
  const std::vector<device::RowBlock> blocks{{0, 2}};
  std::vector<double> dx(6, 100.0);
  LinearBackward(*ops_, Adapted(), x_.data(), dy.data(), 2, blocks, &scratch_,
                 InputGradient::kOverwrite, dx.data());
  EXPECT_EQ(dw_, (std::vector<double>{1, 1, 1, 6, 0, 2}));
  EXPECT_EQ(dbias_, (std::vector<double>{1, 2}));
  EXPECT_EQ(db_, (std::vector<double>{0, 2}));      // dyᵀ (s·Ax), s·Ax = 0 and 1
  EXPECT_EQ(da_, (std::vector<double>{13, 1, 5}));  // s·(dy B)ᵀ x, s·dy B = 1 and 4
  EXPECT_EQ(dx, (std::vector<double>{1 + 1, 2, 3 - 1, 8 + 4, 10, 12 - 4}));
}

TEST_F(LinearTest, AddsToTheInputsGradientWhenAsked) {
  const std::vector<double> dy{1, 0, 0, 2};
  const std::vector<device::RowBlock> blocks{{0, 2}};
  std::vector<double> dx(6, 100.0);
  LinearBackward(*ops_, Layer(), x_.data(), dy.data(), 2, blocks, &scratch_, InputGradient::kAdd,
                 dx.data());
  EXPECT_EQ(dx, (std::vector<double>{101, 102, 103, 108, 110, 112}));
}

TEST_F(LinearTest, LeavesFrozenTensorsWithoutGradient) {
  Linear<double> layer = Adapted();
  layer.weight_gradient = layer.bias_gradient = nullptr;
  const std::vector<double> dy{1, 0, 0, 2};
  const std::vector<device::RowBlock> blocks{{0, 2}};
  std::vector<double> dx(6);
  LinearBackward(*ops_, layer, x_.data(), dy.data(), 2, blocks, &scratch_,
                 InputGradient::kOverwrite, dx.data());
  EXPECT_EQ(dw_, std::vector<double>(6, 0.0));
  EXPECT_EQ(db_, (std::vector<double>{0, 2}));
}

}  // namespace
}  // namespace winnow::model

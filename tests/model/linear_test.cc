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
  const Linear<double> layer = Adapted();
  LinearBackward<double>(*ops_, {{&layer, dy.data()}}, x_.data(), 2, blocks, &scratch_, dx.data());
  EXPECT_EQ(dw_, (std::vector<double>{1, 1, 1, 6, 0, 2}));
  EXPECT_EQ(dbias_, (std::vector<double>{1, 2}));
  EXPECT_EQ(db_, (std::vector<double>{0, 2}));      // dyᵀ (s·Ax), s·Ax = 0 and 1
  EXPECT_EQ(da_, (std::vector<double>{13, 1, 5}));  // s·(dy B)ᵀ x, s·dy B = 1 and 4
  EXPECT_EQ(dx, (std::vector<double>{1 + 1, 2, 3 - 1, 8 + 4, 10, 12 - 4}));
}

TEST_F(LinearTest, LayersOfTheSameRowsGiveWhatEachGivesAlone) {
  const Linear<double> plain = Layer(), adapted = Adapted();
  std::vector<double> first(4), second(4), alone(4);
  LinearForward<double>(*ops_, {{&plain, first.data()}, {&adapted, second.data()}}, x_.data(), 2,
                        &scratch_);
  LinearForward(*ops_, plain, x_.data(), 2, &scratch_, alone.data());
  EXPECT_EQ(first, alone);
  LinearForward(*ops_, adapted, x_.data(), 2, &scratch_, alone.data());
  EXPECT_EQ(second, alone);

  const std::vector<double> dy{1, 0, 0, 2}, other_dy{0, 3, 1, 0};
  const std::vector<device::RowBlock> blocks{{0, 2}};
  std::vector<double> dx(6, 100.0), other_dw(6);
  Linear<double> other = Layer();
  other.weight_gradient = other_dw.data();
  other.bias_gradient = nullptr;
  LinearBackward<double>(*ops_, {{&plain, dy.data()}, {&other, other_dy.data()}}, x_.data(), 2,
                         blocks, &scratch_, dx.data());
  EXPECT_EQ(dw_, (std::vector<double>{1, 1, 1, 6, 0, 2}));
  EXPECT_EQ(other_dw, (std::vector<double>{3, 0, 1, 3, 3, 3}));
  EXPECT_EQ(dx, (std::vector<double>{1 + 12, 2 + 15, 3 + 18, 8 + 1, 10 + 2, 12 + 3}));
}

TEST_F(LinearTest, LeavesFrozenTensorsWithoutGradient) {
  Linear<double> layer = Adapted();
  layer.weight_gradient = layer.bias_gradient = nullptr;
  const std::vector<double> dy{1, 0, 0, 2};
  const std::vector<device::RowBlock> blocks{{0, 2}};
  std::vector<double> dx(6);
  LinearBackward<double>(*ops_, {{&layer, dy.data()}}, x_.data(), 2, blocks, &scratch_, dx.data());
  EXPECT_EQ(dw_, std::vector<double>(6, 0.0));
  EXPECT_EQ(db_, (std::vector<double>{0, 2}));
}

}  // namespace
}  // namespace winnow::model

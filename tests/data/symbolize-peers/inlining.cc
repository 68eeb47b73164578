// What symbolize and its peers are compared on: functions inlined five and more deep, templates, lambdas, overloads,
// constructors, operators, a loop that is split, a cold path, and two functions of the same name in two namespaces.
#include <algorithm>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#define INLINED __attribute__((always_inline)) inline

namespace geometry {
struct Point {
  double x, y;
  INLINED Point(double first, double second) : x(first), y(second) {}
  INLINED Point operator+(const Point &other) const { return Point(x + other.x, y + other.y); }
  INLINED bool operator<(const Point &other) const { return x < other.x || (x == other.x && y < other.y); }
  INLINED double operator()(double scale) const { return x * scale + y; }
};
INLINED double area(const Point &low, const Point &high) { return (high.x - low.x) * (high.y - low.y); }
}  // namespace geometry

namespace {
template <int depth> struct Nested {
  template <typename Value> static INLINED Value apply(Value value) {
    if (value > depth) value = value / (depth + 1);
    return Nested<depth - 1>::apply(value * 3 + depth);
  }
};
template <> struct Nested<0> {
  template <typename Value> static INLINED Value apply(Value value) { return value ^ 0x55; }
};
double area(double width) { return width * width; }
}  // namespace

class Shape {
 public:
  virtual ~Shape() {}
  virtual double size() const = 0;
};
class Box final : public Shape {
 public:
  Box(geometry::Point low, geometry::Point high) : low_(low), high_(high) {}
  double size() const override { return geometry::area(low_, high_) + area(low_.x); }

 private:
  geometry::Point low_, high_;
};

__attribute__((noinline)) unsigned deep(unsigned value) {
  unsigned sum = 0;
  for (unsigned i = 0; i < value; i++) sum += Nested<6>::apply(value + i);
  if (sum == 12345) throw std::runtime_error("never at " + std::to_string(sum));
  return sum;
}

template <typename Visit> INLINED void each(const std::vector<geometry::Point> &points, Visit visit) {
  for (const geometry::Point &point : points) visit(point);
}

__attribute__((noinline)) double sorted_sum(std::vector<geometry::Point> points) {
  std::sort(points.begin(), points.end());
  double sum = 0;
  each(points, [&sum](const geometry::Point &point) { sum += (point + geometry::Point(1, 2))(2.0); });
  return sum;
}

int main(int argc, char **argv) {
  std::vector<geometry::Point> points;
  std::map<std::string, int> words;
  std::vector<std::unique_ptr<Shape>> shapes;
  for (int i = 0; i < argc; i++) {
    points.push_back(geometry::Point(i * 7 % 5, i));
    words[argv[i]]++;
    shapes.push_back(std::make_unique<Box>(points.front(), points.back()));
  }
  double sum = sorted_sum(points);
  for (const auto &shape : shapes) sum += shape->size();
  return static_cast<int>(sum) + static_cast<int>(deep(static_cast<unsigned>(argc))) + static_cast<int>(words.size()) > 9;
}

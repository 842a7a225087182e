// Golden families of other folders that the learner rests on: head (device operations) and
// overlong (a verifier).
#include "tests/learner/golden_case.h"

namespace winnow::learner {

void CheckHead(const Json&, GoldenParams& params, const Json&) { params.Number("temperature"); ADD_FAILURE(); }
void CheckOverlong(const Json&, GoldenParams&, const Json&) { ADD_FAILURE(); }

}  // namespace winnow::learner

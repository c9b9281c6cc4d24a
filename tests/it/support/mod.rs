//! What tests stand on: the program under test, the outside world, simulated, and builders of fixtures. The simulators
//! share no code with `src`, so that an error there is not mirrored here.

pub mod book_builder;
pub mod wechat_sim;

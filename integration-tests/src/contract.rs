//! The contract of a flavour as one suite: `contract!(lane tokio: Tokio)` instantiates all its tests for
//! an async flavour, `contract!(pool thread: Thread)` for a blocking one.
//!
//! The tests are generic functions. [`lane`] and [`cancel`] hold for async flavours, [`pool`] for blocking
//! ones, the others for every flavour.

mod cause;
mod future;
pub mod execute;
pub mod adopt;
pub mod spawn;
pub mod refusal;
pub mod context;
pub mod destructor;
pub mod lane;
pub mod cancel;
pub mod pool;

/// A module with a test for each sentence of the contract.
#[macro_export]
macro_rules! contract {
    (lane $name:ident: $flavour:expr) => {
        mod $name {
            $crate::contract!(@any $flavour);
            $crate::contract!(@lane $flavour);
        }
    };
    (pool $name:ident: $flavour:expr) => {
        mod $name {
            $crate::contract!(@any $flavour);
            $crate::contract!(@pool $flavour);
        }
    };
    (@any $flavour:expr) => {
        $crate::contract!(@tests execute, $flavour;
            f046_execute_gives_the_value_of_the_payload,
            execute_hands_over_what_the_closure_captures,
            f051_execute_gives_an_error_value_to_the_caller_and_the_runner_goes_on,
            f001_f002_f051_execute_gives_the_text_and_the_place_of_a_panic_to_the_caller_and_the_runner_goes_on,
            f045_execute_in_flight_is_answered_when_a_stop_comes,
            f062a_closures_of_no_size_and_of_a_megabyte_run,
        );
        $crate::contract!(@tests adopt, $flavour;
            f028_adopted_payloads_that_end_well_let_the_run_end_well,
            f011_an_adopted_error_ends_the_run_as_its_root_cause_with_all_its_sources,
            f001_an_adopted_panic_ends_the_run_with_its_text_and_place,
            f002_a_panic_with_a_value_that_is_no_string_is_told_by_a_fixed_text,
            a_failure_ends_the_run_although_others_never_end_by_themselves,
            adopt_returns_at_once_while_the_flavour_is_busy,
            f014_a_failure_during_a_stop_is_reported_and_does_not_change_the_reason,
        );
        $crate::contract!(@tests spawn, $flavour;
            a_joined_handle_gives_the_value,
            f031_an_awaited_handle_gives_the_value_and_then_says_that_it_is_taken,
            f001_a_panic_comes_back_through_the_handle_and_the_runner_goes_on,
            an_error_value_of_a_spawned_payload_belongs_to_the_holder_of_the_handle,
            f049_a_join_with_a_limit_gives_the_handle_back_when_the_limit_is_over,
            f029_a_task_goes_on_when_its_handle_is_dropped,
            f029_a_panic_that_comes_after_its_handle_was_dropped_ends_the_run,
            f029_a_panic_whose_handle_is_dropped_unread_ends_the_run,
            a_panic_that_was_read_ends_nothing,
            f029_a_value_whose_handle_was_dropped_before_the_end_is_dropped_at_home,
            f029_a_value_whose_handle_is_dropped_after_the_end_is_dropped_at_home,
            f030_a_leaked_handle_holds_nothing_up,
            f039a_a_stop_of_one_task_reaches_it_once_and_no_other,
            f032_handles_give_their_outcome_after_the_end_of_the_runner,
        );
        $crate::contract!(@tests refusal, $flavour;
            f044_f053_payloads_refused_while_stopping_and_after_the_end_come_back_usable,
            f085_a_name_in_use_is_refused_with_both_places_and_the_payload_is_usable,
            f086_a_bad_name_is_refused_and_the_payload_is_usable,
            a_name_is_free_again_as_soon_as_the_outcome_is_seen,
        );
        $crate::contract!(@tests context, $flavour;
            the_context_of_a_payload_names_it_and_there_is_none_outside,
            the_current_handle_of_a_payload_is_that_of_its_runner,
            a_payload_finds_its_runner_when_nobody_else_holds_it,
        );
        $crate::contract!(@tests destructor, $flavour;
            f005_a_payload_whose_destructor_panics_is_contained_and_named_when_it_never_ran,
            f005_a_value_whose_destructor_panics_unread_is_contained_and_named,
            f003_a_panic_whose_value_panics_when_dropped_is_one_failure_and_no_more,
            f005_an_error_whose_destructor_panics_ends_nothing,
            an_error_that_panics_when_printed_is_reported,
        );
    };
    (@lane $flavour:expr) => {
        $crate::contract!(@tests lane, $flavour;
            a_future_may_hold_what_is_not_send_across_an_await,
            f062a_every_form_of_async_payload_is_taken,
            payloads_of_one_flavour_never_run_in_parallel,
            futures_are_made_polled_and_dropped_on_the_thread_of_their_lane_only,
            f027_a_closure_that_panics_before_it_makes_its_future_is_a_failure_like_others,
            f118_the_sleep_of_the_context_runs_on_the_lane_and_ends_with_a_stop,
            f033_a_task_that_awaits_itself_is_told_so,
            f034_tasks_that_await_each_other_leave_the_lane_usable_and_end_with_the_stop,
            f039_execute_on_the_own_lane_is_refused_at_once_and_the_payload_is_usable,
            f038_wakers_that_outlive_the_runner_do_nothing,
            f036_no_wake_up_is_lost_between_a_thread_and_the_lane,
        );
        $crate::contract!(@tests cancel, $flavour;
            f045_execute_is_answered_when_its_payload_is_cancelled_by_a_stop,
            f019_a_future_that_ignores_the_stop_is_dropped_when_its_grace_is_over,
            f020_a_future_that_nobody_wakes_is_dropped_when_its_own_grace_is_over,
            f039b_a_stopped_task_that_has_not_begun_never_begins,
            destructors_have_run_when_the_handle_says_that_its_task_was_stopped,
            f005_one_future_whose_destructor_panics_does_not_keep_the_others_from_being_dropped,
            f005_a_future_whose_destructor_panics_at_its_end_still_gives_its_value,
            f005_a_future_that_panics_and_whose_destructor_panics_too_is_one_failure_and_one_contained,
        );
    };
    (@pool $flavour:expr) => {
        $crate::contract!(@tests pool, $flavour;
            every_form_of_blocking_payload_is_taken,
            execute_runs_on_the_thread_of_its_caller,
            payloads_run_in_parallel,
            f118_the_sleep_of_the_context_ends_with_a_stop,
            f018_f075_a_thread_that_never_looks_is_given_up_and_its_failure_is_kept_as_a_late_one,
        );
    };
    (@tests $part:ident, $flavour:expr; $($test:ident,)+) => {
        $(
            #[test]
            fn $test() {
                $crate::within($crate::LIMIT, || $crate::contract::$part::$test($flavour));
            }
        )+
    };
}

//! The macros that turn the cases of a suite into tests. A unit test sees to it that none is forgotten.

/// One `#[test]` per case. For the macros below.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_cases {
    ($kind:ident fn, $setup:ty: $($($module:ident)::+ { $($cases:tt)+ })+) => {
        $($crate::conformance_cases! { @module $kind $setup, [$($module)::+] $($cases)+ })+
    };
    (@module $kind:ident $setup:ty, $module:tt $($case:ident,)+) => {
        $($crate::conformance_cases! { @case $kind $setup, $module $case })+
    };
    (@case asynchronous $setup:ty, [$($module:ident)::+] $case:ident) => {
        #[test]
        fn $case() {
            <$setup as $crate::Setup>::run($crate::$($module)::+::$case::<$setup>());
        }
    };
    (@case synchronous $setup:ty, [$($module:ident)::+] $case:ident) => {
        #[test]
        fn $case() {
            $crate::$($module)::+::$case::<$setup>();
        }
    };
}

/// Tests that a store keeps the promises of the port `PairingStore`. Takes a type that implements
/// [`pairing::PairingSetup`](crate::pairing::PairingSetup).
#[macro_export]
macro_rules! pairing_store_conformance {
    ($setup:ty) => {
        $crate::conformance_cases! { asynchronous fn, $setup:
            pairing::fitting {
                whoever_comes_first_waits_and_is_offered_to_the_next,
                nobody_is_offered_to_themself,
                everybody_meets_exactly_those_the_rule_allows,
                everybody_meets_exactly_those_the_rule_allows_when_patience_on_language_is_shorter,
                two_of_one_origin_meet_only_where_that_is_allowed,
            }
            pairing::order {
                most_interests_in_common_come_first,
                a_shared_interest_counts_more_than_an_earlier_place,
                among_equals_the_earlier_place_comes_first,
                among_equals_of_one_place_the_smaller_id_comes_first,
                the_first_of_many_languages_comes_first_for_whoever_named_none,
                whoever_searches_again_keeps_their_place,
                the_store_answers_as_a_plain_list_would,
            }
            pairing::staleness {
                an_older_search_changes_nothing,
                a_newer_search_replaces_the_older_one,
                the_same_search_may_be_repeated_while_it_waits,
                whoever_is_at_rest_is_not_found_and_an_older_search_does_not_bring_them_back,
                an_older_release_changes_nothing,
                a_release_that_overtakes_its_search_wins,
                whoever_is_gone_stays_gone,
                a_release_may_be_repeated,
            }
            pairing::offers {
                nobody_else_is_offered_either_of_two,
                the_search_that_was_answered_by_an_offer_is_over,
                whoever_searches_anew_leaves_their_offer_and_the_other_may_search_anew,
                whoever_goes_leaves_their_offer_and_the_other_may_search_anew,
                whoever_was_left_with_a_dead_offer_is_found_only_once_they_search_again,
                two_who_met_are_not_found_and_may_search_after_their_chat,
                an_offer_that_died_does_not_harm_the_next_one,
            }
            pairing::keeping_apart {
                whom_the_seeker_avoids_is_not_met_until_that_ends,
                who_avoids_the_seeker_is_not_met_until_that_ends,
                whoever_is_avoided_does_not_stand_in_the_way_of_others,
                what_ended_keeps_nobody_apart,
                the_longer_of_two_reasons_counts,
                two_who_just_parted_are_paired_when_their_cooldown_ends_though_nobody_else_comes,
                a_block_keeps_two_origins_apart_until_it_ends,
                a_block_holds_for_new_seats_and_for_no_other_origin,
                a_block_within_one_origin_binds_nobody,
                a_shorter_block_does_not_shorten_a_longer_one,
                whoever_stands_behind_many_who_are_kept_away_is_found,
                a_shared_interest_is_found_behind_many_who_are_kept_away,
            }
            pairing::patience {
                a_seeker_is_told_when_their_own_patience_ends,
                a_seeker_with_nothing_to_wait_for_is_told_so,
                unlike_interests_meet_when_the_second_patience_ends,
                unlike_languages_meet_when_the_second_patience_ends,
                patience_counts_from_the_beginning_of_the_wait_and_not_from_the_place,
                the_end_of_patience_comes_before_the_end_of_a_longer_cooldown,
            }
            pairing::crowds {
                searches_side_by_side_never_take_the_same_seat,
                searches_from_many_threads_never_take_the_same_seat_and_leave_nobody_alone,
                seats_that_come_and_go_on_many_threads_are_in_one_offer_at_a_time,
            }
            pairing::counting {
                a_node_that_lives_is_told_the_counts_of_all_that_live,
                the_counts_of_a_node_that_is_silent_for_long_are_left_out,
            }
        }
    };
}

/// Tests that a store keeps the promises of the port `PairingStore` to several nodes. Takes a type that implements
/// [`pairing::many_nodes::SharedPairingSetup`](crate::pairing::many_nodes::SharedPairingSetup).
#[macro_export]
macro_rules! shared_pairing_conformance {
    ($setup:ty) => {
        $crate::conformance_cases! { asynchronous fn, $setup:
            pairing::many_nodes::proposing {
                whom_another_node_holds_is_proposed_with_what_both_named,
                what_only_one_of_two_named_is_not_told,
                it_makes_no_difference_for_the_order_who_holds_whom,
                whom_a_silent_node_holds_is_not_found,
                whom_a_node_holds_that_has_not_spoken_yet_is_not_found,
                nobody_else_is_offered_either_of_two_of_different_nodes,
                searches_of_many_nodes_never_take_the_same_seat,
            }
            pairing::many_nodes::settling {
                an_offer_that_is_agreed_to_is_a_chat,
                who_asks_again_is_told_the_same,
                an_offer_is_open_for_a_second,
                an_offer_is_over_when_one_of_the_two_moves_on,
                after_an_offer_came_to_nothing_both_are_found_once_they_search_anew,
                an_offer_that_is_over_does_not_harm_the_next_one,
                an_offer_that_was_agreed_to_stays_so_when_a_seat_is_taken,
                who_agrees_and_who_gives_up_at_once_are_told_the_same,
            }
            pairing::many_nodes::taking {
                a_seat_that_waits_is_taken_with_all_that_was_said_of_it,
                a_seat_that_is_held_or_idle_is_taken_as_that,
                a_seat_in_a_chat_is_taken_with_its_partner,
                two_of_one_node_are_in_a_chat_as_soon_as_one_has_found_the_other,
                a_chat_that_was_told_by_dossiers_is_one,
                a_partner_who_has_left_is_not_told,
                an_offer_is_over_when_one_of_its_seats_is_taken,
                what_the_former_owner_says_changes_nothing,
                a_seat_is_not_gone_from_those_to_whom_it_came_later,
                who_takes_again_is_given_the_same,
                a_token_that_is_too_old_takes_nothing,
                nobody_takes_a_seat_that_is_gone_or_never_was,
                a_seat_is_where_it_was_last_taken_to,
                a_seat_that_was_taken_in_vain_is_given_back,
                a_seat_is_given_back_only_by_who_took_it_last_and_said_nothing_of_it,
                what_a_node_leaves_at_its_end_is_given_to_whoever_takes_the_seat,
                what_was_left_is_gone_when_the_seat_is_held_no_longer,
                what_was_left_is_not_given_once_the_seat_has_moved_on,
            }
            pairing::many_nodes::verifying {
                who_believes_what_is_known_differs_nowhere,
                each_difference_is_told,
                among_many_those_that_differ_are_told,
                a_search_that_the_store_knows_of_another_time_differs,
                a_seat_that_another_node_has_taken_is_told_as_that,
                a_seat_that_is_gone_from_the_node_that_took_it_is_told_as_taken,
                a_seat_that_is_not_gone_counts_again_in_another_tenure,
                a_seat_that_its_node_was_given_once_more_is_told_as_that,
                an_open_offer_is_no_difference_and_one_that_nobody_settled_is,
                a_node_is_told_which_seats_are_its_own,
                of_many_seats_of_a_node_each_is_told_once,
            }
            pairing::many_nodes::beating {
                a_node_is_told_of_the_others_and_how_long_they_have_been_silent,
                a_node_that_speaks_each_second_is_told_that_all_is_kept,
                a_node_that_was_silent_for_longer_than_its_lease_is_told_so,
            }
            pairing::many_nodes::reaping {
                what_a_dead_node_left_is_gone_after_the_longest_grace,
                what_a_dead_node_left_may_be_taken_over,
                one_who_takes_a_seat_is_told_whether_its_owner_lives,
                one_who_takes_a_seat_after_a_setback_is_to_ask_its_owner,
                one_who_takes_a_seat_of_a_node_that_has_not_spoken_yet_is_to_ask_it,
                whom_a_dead_node_left_in_the_queue_is_found_once_its_node_is_back_and_searches_for_it,
                a_node_that_speaks_again_in_time_loses_nothing,
                when_most_nodes_are_silent_nobody_is_thought_dead_for_ten_seconds_more,
                an_offer_with_a_dead_node_is_over,
                a_dead_node_may_have_had_thousands_of_seats,
            }
        }
    };
}

/// Tests that a limiter keeps the promises of the port `RateLimiter`. Takes a type that implements
/// [`limiter::LimiterSetup`](crate::limiter::LimiterSetup).
#[macro_export]
macro_rules! rate_limiter_conformance {
    ($setup:ty) => {
        $crate::conformance_cases! { asynchronous fn, $setup:
            limiter {
                an_origin_has_as_many_seats_as_it_may_and_no_more,
                a_seat_that_is_dropped_is_free_again,
                a_seat_that_came_from_elsewhere_counts,
                a_seat_that_came_from_elsewhere_counts_in_wider_networks,
                the_attempt_after_the_last_of_a_minute_is_refused,
                a_refused_attempt_counts_as_an_attempt,
                a_refused_attempt_takes_no_seat,
                whoever_comes_back_when_told_is_let_in,
                origins_do_not_count_for_each_other,
                a_wider_network_has_a_ceiling_of_seats,
                a_wider_network_has_a_ceiling_of_attempts,
                whoever_is_refused_in_a_wider_network_takes_no_seat_in_a_narrower_one,
                without_limits_everybody_is_let_in,
                many_threads_get_no_more_seats_than_there_are,
            }
        }
    };
}

/// Tests that an adapter keeps the promises of the port `Reports`. Takes a type that implements
/// [`reports::ReportsSetup`](crate::reports::ReportsSetup).
#[macro_export]
macro_rules! reports_conformance {
    ($setup:ty) => {
        $crate::conformance_cases! { asynchronous fn, $setup:
            reports {
                a_report_is_kept_as_it_was_made_and_gets_a_number,
                later_reports_have_greater_numbers,
                without_reports_there_is_one_empty_page,
                pages_go_from_the_oldest_to_the_newest_and_miss_none,
                a_report_that_comes_while_somebody_turns_pages_is_on_the_last_one,
                a_cursor_beyond_the_end_finds_nothing,
                the_newest_are_kept_and_the_oldest_give_way,
                reports_of_many_threads_are_all_kept_under_numbers_of_their_own,
            }
        }
    };
}

/// Tests that an adapter keeps the promises of the port `Bans`. Takes a type that implements
/// [`bans::BansSetup`](crate::bans::BansSetup).
#[macro_export]
macro_rules! bans_conformance {
    ($setup:ty) => {
        $crate::conformance_cases! { asynchronous fn, $setup:
            bans {
                a_ban_keeps_out_its_origin_and_no_other,
                a_ban_gets_a_name_of_its_own,
                a_ban_ends_when_its_time_is_over,
                a_ban_without_end_lasts,
                a_newer_ban_takes_the_place_of_an_older_one_of_the_same_origin,
                a_lifted_ban_is_over_and_cannot_be_lifted_twice,
                the_list_has_the_bans_in_force_oldest_first,
                those_made_after_another_are_told,
                a_thousand_bans_are_kept,
            }
        }
    };
}

/// Tests that an adapter keeps the promises of the port `Identity`. Takes a type that implements
/// [`identity::IdentitySetup`](crate::identity::IdentitySetup).
#[macro_export]
macro_rules! identity_conformance {
    ($setup:ty) => {
        $crate::conformance_cases! { synchronous fn, $setup:
            identity {
                no_user_id_is_given_twice,
                no_chat_id_is_given_twice,
                an_ipv4_address_is_an_origin_by_itself,
                an_ipv4_address_written_as_ipv6_is_the_same_origin,
                all_of_an_ipv6_64_are_one_origin,
                ipv6_networks_share_the_wider_origins_around_them,
                the_lasting_origin_is_the_same_network_under_another_name,
                a_token_is_read_back,
                a_token_is_short_and_safe_in_a_url,
                a_token_that_was_changed_is_refused,
                whatever_is_not_a_token_is_refused,
                with_the_same_key_two_nodes_agree,
                with_another_key_nothing_is_known,
                a_token_is_not_shown,
            }
        }
    };
}

/// Tests that a clock keeps the promises of the port `Clock`. Takes a type that implements
/// [`clock::ClockSetup`](crate::clock::ClockSetup).
#[macro_export]
macro_rules! clock_conformance {
    ($setup:ty) => {
        $crate::conformance_cases! { synchronous fn, $setup:
            clock {
                time_never_goes_back,
                time_never_goes_back_from_one_thread_to_the_next,
                the_same_moment_is_the_same_time_of_day,
                moments_are_as_far_apart_as_their_times_of_day,
                the_time_of_day_is_told_of_the_past_and_of_the_future,
            }
        }
    };
}

/// Tests that an adapter keeps the promises of the port `Delivery`. Takes a type that implements
/// [`delivery::DeliverySetup`](crate::delivery::DeliverySetup).
#[macro_export]
macro_rules! delivery_conformance {
    ($setup:ty) => {
        $crate::conformance_cases! { synchronous fn, $setup:
            delivery::arriving {
                welcome_comes_first_and_waits_for_a_flush,
                whoever_comes_back_is_told_what_they_missed_and_then_what_is_new,
                what_nobody_was_there_for_is_kept,
                whoever_missed_nothing_is_told_nothing,
                whoever_claims_to_have_seen_the_future_is_told_of_a_gap,
                what_is_transient_is_not_told_again,
                a_newer_connection_takes_the_place_of_the_older_one,
                a_connection_that_is_replaced_ends_with_a_whole_frame,
                what_is_too_old_is_not_told_again_and_the_gap_is_told,
                what_was_never_written_is_never_too_old,
                a_replay_that_is_cut_short_is_told_again,
            }
            delivery::telling {
                events_are_numbered_in_the_order_they_are_told,
                the_number_of_the_last_event_is_known,
                what_is_put_off_goes_out_with_the_next_flush,
                a_slow_connection_hears_everything_in_order,
                a_connection_that_takes_nothing_is_cut_when_too_many_events_wait,
                a_connection_that_takes_nothing_is_cut_when_too_many_bytes_wait,
                a_connection_that_keeps_up_is_not_cut,
                a_replay_does_not_count_as_waiting,
                a_broken_connection_loses_nothing_that_is_numbered,
            }
            delivery::passing_on {
                only_what_is_of_the_present_chat_is_placed,
                it_is_written_by_the_next_flush,
                a_message_with_a_known_id_is_not_placed_again,
                the_last_64_ids_of_a_chat_are_known_and_no_others,
                ids_are_known_to_those_who_come_back,
                what_is_said_to_one_who_is_away_is_kept,
                what_is_larger_than_an_outbox_is_refused_and_cuts_nobody_off,
                what_does_not_fit_is_refused_and_leaves_no_trace,
                there_is_always_room_for_the_end_of_the_chat,
                a_partner_who_keeps_up_can_be_told_more_than_an_outbox_holds,
                what_is_transient_takes_no_room_once_the_connection_is_gone,
            }
            delivery::hanging_up {
                whoever_is_hung_up_on_hears_the_rest_first,
                after_the_end_of_a_connection_events_are_kept,
                an_outbox_without_a_connection_has_nobody_to_hang_up_on,
                a_connection_that_took_nothing_for_too_long_is_cut,
                a_connection_that_was_taken_off_hears_nothing_more,
            }
            delivery::crowds {
                messages_of_many_threads_arrive_once_and_in_the_order_of_each,
                nothing_of_a_chat_comes_after_its_end_whoever_speaks_meanwhile,
                connections_that_come_and_go_miss_nothing,
            }
        }
    };
}

#[cfg(test)]
mod tests {
    const MACROS: &str = include_str!("macros.rs");

    /// Each file of cases, so that a case that no macro names is noticed.
    const SUITES: &[(&str, &str)] = &[
        ("bans", include_str!("bans.rs")),
        ("clock", include_str!("clock.rs")),
        ("delivery::arriving", include_str!("delivery/arriving.rs")),
        ("delivery::crowds", include_str!("delivery/crowds.rs")),
        ("delivery::hanging_up", include_str!("delivery/hanging_up.rs")),
        ("delivery::passing_on", include_str!("delivery/passing_on.rs")),
        ("delivery::telling", include_str!("delivery/telling.rs")),
        ("identity", include_str!("identity.rs")),
        ("limiter", include_str!("limiter.rs")),
        ("pairing::counting", include_str!("pairing/counting.rs")),
        ("pairing::crowds", include_str!("pairing/crowds.rs")),
        ("pairing::fitting", include_str!("pairing/fitting.rs")),
        ("pairing::keeping_apart", include_str!("pairing/keeping_apart.rs")),
        ("pairing::offers", include_str!("pairing/offers.rs")),
        ("pairing::order", include_str!("pairing/order.rs")),
        ("pairing::patience", include_str!("pairing/patience.rs")),
        (
            "pairing::many_nodes::beating",
            include_str!("pairing/many_nodes/beating.rs"),
        ),
        (
            "pairing::many_nodes::proposing",
            include_str!("pairing/many_nodes/proposing.rs"),
        ),
        (
            "pairing::many_nodes::reaping",
            include_str!("pairing/many_nodes/reaping.rs"),
        ),
        (
            "pairing::many_nodes::settling",
            include_str!("pairing/many_nodes/settling.rs"),
        ),
        (
            "pairing::many_nodes::taking",
            include_str!("pairing/many_nodes/taking.rs"),
        ),
        (
            "pairing::many_nodes::verifying",
            include_str!("pairing/many_nodes/verifying.rs"),
        ),
        ("pairing::staleness", include_str!("pairing/staleness.rs")),
        ("reports", include_str!("reports.rs")),
    ];

    #[test]
    fn every_case_is_in_the_macro_of_its_suite() {
        let mut cases = 0;
        for (module, source) in SUITES {
            let block = MACROS
                .split(&format!("            {module} {{"))
                .nth(1)
                .expect(module);
            let block = block.split('}').next().expect(module);
            for line in source.lines().filter(|line| line.contains("<S: ")) {
                let Some((_, line)) = line.split_once("fn ").filter(|_| line.starts_with("pub ")) else {
                    continue;
                };
                let case = line.split(['<', '(']).next().expect(line);
                assert!(block.contains(&format!(" {case},\n")), "{module}::{case}");
                cases += 1;
            }
        }
        assert!(cases > 90);
    }
}

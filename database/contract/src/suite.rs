//! The list of all cases.

/// Makes one test of every case, for a database: `suite!(Sqlite)`. The one place where cases are listed.
#[macro_export]
macro_rules! suite {
    ($database:ident) => {
        $crate::suite! { $database:
            adjustments {
                adjustments_are_found_by_the_days_they_share_in_order_of_their_making
                adjustments_that_cannot_be_are_refused
                an_adjustment_is_taken_back_and_both_are_in_the_audit
                an_agenda_has_the_adjustments_of_its_days_in_any_zone
            }
            agenda {
                the_chooser_sees_what_stands_at_that_moment
                the_agenda_has_what_shares_an_instant_with_the_span
                however_long_a_lane_is_taken_its_last_minute_is_found_and_keeps_others_out
                services_of_one_visit_count_one_by_one
                what_is_near_is_asked_first_and_all_around_where_that_does_not_settle_it
            }
            audit {
                entries_are_a_chain_that_anybody_can_recompute
                texts_of_any_kind_are_chained_as_they_are
                the_database_refuses_to_change_or_remove_an_entry
                what_other_hands_did_to_the_chain_is_found
                a_chain_cut_off_or_written_anew_is_found_with_an_earlier_head
                an_earlier_head_is_recognised_in_a_chain_that_grew
                entries_written_at_once_are_one_chain
                a_payload_about_a_customer_says_so
            }
            beside {
                a_turn_tells_somebody_else_and_begins_a_takeover_with_its_answer
                a_shorter_takeover_does_not_end_a_longer_one
                a_turn_that_tells_nobody_there_commits_nothing
                where_a_booking_was_refused_only_what_stands_alone_is_done
                a_turn_that_a_person_took_over_still_does_what_stands_alone
                a_customer_was_informed_only_where_the_words_are_in_what_is_said
                what_somebody_else_is_told_is_rendered_from_the_row_of_the_turn
                a_turn_begins_and_ends_waits
                a_turn_changes_hours_and_takes_it_back
                a_revoked_message_leaves_inbox_and_history_and_an_edited_one_is_replaced
                what_was_heard_is_the_text_of_its_message
                what_is_kept_under_the_id_of_a_message_goes_with_it
                words_of_a_person_begin_and_extend_a_takeover_once_each
                new_ids_of_a_customer_keep_its_rows_and_what_came_before_stays_its_own
                conversations_are_listed_by_their_newest_message
                what_a_customer_used_up_is_counted_apart_and_goes_with_the_customer
            }
            bookings {
                a_booking_is_kept_as_it_was_made
                instants_are_cut_to_microseconds
                a_taken_reference_or_id_is_a_conflict_not_a_taken_slot
                a_choice_that_breaks_the_rules_is_invalid
                a_refusal_of_the_chooser_is_the_outcome_and_writes_nothing
                open_bookings_are_the_requested_and_confirmed_that_are_not_over
                bookings_of_a_span_are_those_that_begin_in_it
                requests_are_found_among_all_bookings_page_by_page
                a_customer_has_at_most_so_many_open_bookings
                a_limit_holds_against_requests_at_once
                what_is_done_to_bookings_is_in_the_audit_with_its_subject
            }
            calendars {
                events_come_change_and_go
                the_last_one_of_an_id_counts
                a_whole_calendar_replaces_what_was_there_and_nothing_else
                what_a_page_removes_is_what_it_names_in_its_own_calendar
                a_page_without_a_token_keeps_the_one_there_is
                who_began_with_an_old_token_is_stale
                of_two_who_synchronise_at_once_one_is_stale
                busy_times_share_an_instant_with_the_span
                a_calendar_that_is_no_longer_used_is_forgotten
            }
            changes {
                states_follow_the_ways_that_are_allowed_and_no_others
                a_change_names_what_it_has_read
                a_change_that_is_not_allowed_changes_nothing
                a_move_keeps_the_booking_and_replaces_what_it_occupies
                a_booking_may_move_onto_its_own_time
                a_move_onto_somebody_else_leaves_everything_as_it_was
            }
            clocks {
                the_database_can_be_written
                a_message_that_came_before_the_clock_was_set_back_is_answered_at_once
                the_next_start_does_the_same_for_what_was_written_later_than_now
                the_next_start_hastens_nothing_that_was_written_before_now
                a_message_put_off_before_the_clock_was_set_back_is_due_at_once
                an_unknown_outcome_waits_no_longer_than_its_rule_by_the_clock_that_was_set_back
                claims_end_by_the_clock_that_was_set_back
                a_hold_is_as_long_as_it_was_made_by_the_clock_that_was_set_back
                what_was_sent_is_recorded_although_its_claim_has_ended
                a_claim_that_ended_unnoticed_waits_for_a_status_from_when_it_is_noticed
                after_an_outage_what_is_ambiguous_waits_for_a_status_once_more
            }
            conversations {
                a_customer_has_one_conversation_made_when_it_is_asked_for
                a_takeover_is_kept_as_written_until_its_release
                the_language_is_kept
                the_window_follows_the_newest_message_and_never_goes_back
            }
            crashes {
                two_hundred_kills_lose_nothing_acknowledged_and_leave_nothing_half
                two_workers_that_are_killed_handle_each_message_of_500_conversations_once_in_order
            }
            customers {
                a_sender_without_any_id_is_invalid
                an_unknown_sender_becomes_a_new_customer
                a_customer_is_found_by_the_phone_in_any_form_people_write
                name_and_wa_id_follow_what_was_seen_last
                a_known_user_id_with_a_new_number_is_the_same_customer
                a_match_by_phone_alone_shows_nothing_earlier
                a_known_user_id_takes_the_phone_of_one_without_over
                a_number_of_another_user_id_leads_to_another_person
                a_batch_finds_the_same_customers_as_one_message_after_the_other
                merging_gives_the_other_row_what_it_lacks_and_all_bookings
                merging_keeps_what_the_other_row_has_and_refuses_two_user_ids
                a_user_id_moves_to_the_row_a_person_knows_to_be_the_same
                new_ids_that_the_channel_announces_stay_with_the_customer
                new_ids_that_lead_to_others_are_taken_from_them
                what_happens_to_the_ids_of_some_is_nothing_to_others
                senders_who_arrive_at_once_become_one_customer
                a_booking_for_a_customer_that_is_not_there_is_no_booking
                the_first_who_is_known_as_an_owner_stays_the_owner
            }
            holds {
                a_hold_keeps_others_away_until_its_end
                an_expired_hold_is_in_no_agenda
                every_booking_transaction_removes_expired_holds
                a_holder_has_one_hold
                a_refused_request_leaves_the_holders_hold
                a_hold_that_stands_becomes_the_booking
                a_late_tap_still_books_if_the_slot_is_free
                a_hold_of_somebody_else_is_not_confirmed
                who_confirms_a_hold_that_is_gone_books_anew_though_another_hold_stands
                a_hold_that_was_confirmed_gives_way_to_nothing
                a_hold_can_be_changed_while_it_stands_and_not_after
                a_customers_hold_does_not_stand_in_the_way_of_its_limit
            }
            inbox {
                a_second_delivery_of_a_message_is_dropped_whatever_else_differs
                duplicates_within_one_call_are_dropped
                a_status_counts_once_per_message_and_word
                a_message_is_kept_as_it_came
                what_was_accepted_is_there_for_another_process
                messages_are_in_order_of_arrival
                routing_gives_every_message_its_conversation
                a_body_nobody_understands_is_kept_for_a_person
                a_burst_given_up_is_a_dead_letter_that_names_its_messages
                a_burst_tried_again_waits_anew_with_what_came_meanwhile
                a_burst_tried_again_alone_waits_from_then_on
                deliveries_accepted_at_once_lose_and_double_nothing
            }
            keys {
                a_repeat_finds_the_first_outcome_word_for_word
                a_key_reused_for_another_request_is_refused
                a_refusal_is_not_kept
                a_key_is_kept_for_a_day
                a_key_of_yesterday_is_the_key_of_what_it_does_today
                kept_outcomes_are_recalled_and_the_first_one_wins
                old_keys_are_removed
                one_key_at_once_is_one_effect
            }
            lanes {
                overlaps_of_one_lane_are_refused_and_neighbours_are_not
                buffers_count_and_services_of_one_booking_stand_beside_each_other
                one_taken_lane_of_several_refuses_all
                a_class_shares_person_and_room_but_no_seat
                a_booking_that_is_over_or_cancelled_frees_its_lanes
                neither_sql_nor_a_revived_state_makes_an_overlap
                nothing_of_a_booking_is_there_without_it
                nine_to_ten_and_ten_to_eleven_on_two_chairs_still_take_half_past_nine
                two_bookings_may_change_places
                who_is_pinned_or_gone_does_not_make_room
                making_room_that_still_overlaps_leaves_everybody_where_they_were
                a_move_of_a_booking_may_have_others_make_room
            }
            maintenance {
                the_database_answers
                digests_name_every_table_and_tell_any_change
                a_restored_backup_is_equal_row_by_row_and_goes_on
                numbers_given_after_the_backup_are_not_given_again
                a_backup_made_while_serving_is_whole
                what_reads_while_a_restore_runs_sees_the_old_or_the_new
                a_backup_never_overwrites_a_file
                what_is_no_backup_or_damaged_is_refused_with_nothing_changed
                a_backup_of_another_tenant_is_refused
            }
            mirror {
                every_booking_is_mirrored_until_it_is_recorded
                a_hold_is_not_mirrored_and_its_booking_is
                what_is_cancelled_before_it_was_mirrored_needs_no_work
                a_cancelled_booking_has_its_event_removed
                what_is_cancelled_while_it_is_first_mirrored_has_its_event_removed
                what_changes_while_it_is_mirrored_stays_behind
                a_change_makes_a_failed_mirroring_due_at_once
                a_failure_of_an_earlier_revision_does_not_put_off_the_next
                the_one_due_the_longest_is_next_and_each_is_one_workers
                the_start_voids_mirror_claims_only_where_there_is_one_process
            }
            outbox {
                a_message_is_written_once_per_key
                a_keys_second_message_stays_unwritten_after_the_first_was_sent
                one_message_at_a_time_per_conversation_in_the_order_they_were_written
                conversations_do_not_wait_for_each_other
                a_message_that_waits_holds_back_the_later_ones_of_its_conversation
                a_message_refused_for_good_lets_the_next_one_through
                a_claim_whose_lease_ended_is_ambiguous_not_free
                a_second_unknown_is_parked_and_shown
                a_parked_message_is_sent_again_when_a_person_says_so
                a_write_that_names_an_old_epoch_changes_nothing
                the_start_makes_messages_of_a_dead_process_ambiguous_only_where_there_is_one_process
                messages_claimed_by_many_workers_are_each_one_workers
                a_message_sent_again_waits_for_the_one_in_flight
                two_messages_of_a_conversation_are_never_in_flight
                waiting_for_the_next_message_is_never_too_long
                what_was_not_delivered_is_found_by_its_key_and_said_again_once
                what_many_say_again_at_once_is_said_once
            }
            person {
                the_canary_sits_in_every_table_that_can_hold_somebody
                an_export_has_every_row_about_the_customer
                an_erasure_leaves_nothing_of_the_customer_anywhere
                bookings_of_an_erased_customer_stay_without_the_person
                the_event_outside_of_an_erased_customers_booking_is_removed
                an_erasure_takes_along_whoever_was_merged_into_the_customer
                numbers_of_the_erased_are_never_given_again
                an_erased_customer_may_come_back_as_somebody_new
                an_erasure_of_nobody_writes_nothing
                who_was_claimed_when_erased_is_written_by_nobody
            }
            races {
                of_a_thousand_attempts_by_eight_processes_one_gets_the_slot
                fifty_overlapping_slots_never_overlap_in_the_table
            }
            reminders {
                a_reminder_is_due_in_time_and_said_once
                a_claim_ends_with_its_lease_and_a_retry_is_put_off
                reminders_of_a_booking_that_is_not_confirmed_wait
                past_reminders_are_not_written_and_begun_bookings_not_reminded_of
                a_booking_that_stops_standing_takes_its_reminders_along
                what_was_said_stays_said_when_the_booking_ends
                a_move_replaces_the_reminders
                a_booking_moved_away_and_back_is_reminded_of
                a_reminder_ends_alone
                the_reminder_due_the_longest_is_next_and_each_is_one_workers
                the_start_voids_reminder_claims_only_where_there_is_one_process
            }
            schema {
                tables_and_columns_are_those_both_databases_have
                another_tenants_database_is_refused
                migrating_again_changes_nothing
                newer_expansions_are_tolerated_and_newer_contractions_refused
                an_open_store_goes_on_when_a_newer_program_adds_columns
                a_database_that_lacks_a_migration_is_not_opened
                a_backup_of_another_schema_version_is_refused
                no_column_is_called_differently_than_its_form_asks
            }
            statuses {
                a_status_that_overtakes_the_senders_own_word_settles_the_message
                a_status_resolves_an_unknown_outcome
                a_message_put_off_is_not_sent_again_when_a_status_tells_that_it_arrived
                a_late_status_still_settles_a_parked_message
                delivered_and_read_are_added_and_never_taken_back
                a_failed_status_is_recorded_whatever_the_message_was
                a_status_is_of_one_message
                statuses_nobody_waits_for_change_nothing_and_are_kept
            }
            together {
                each_of_many_at_once_is_kept_with_all_that_belongs_to_it
                of_those_at_once_each_sees_what_the_others_chose
                one_that_cannot_be_written_is_alone_with_its_error
                one_key_at_once_is_one_booking
                a_caller_that_goes_away_takes_nobody_with_it
            }
            turns {
                a_burst_is_ripe_when_the_customer_is_quiet
                a_burst_is_ripe_when_its_first_message_is_old
                the_oldest_waiting_conversation_is_next
                a_conversation_is_one_workers_until_the_lease_ends
                a_turn_whose_lease_ended_may_still_commit_while_nobody_else_took_it
                claims_of_many_workers_never_meet
                nothing_of_one_conversation_is_in_another
                turns_that_run_beside_each_other_are_committed_each_to_its_own
                newer_messages_have_a_turn_redone_once
                a_turn_that_is_redone_for_newer_messages_does_nothing_it_had_staged
                a_committed_turn_is_history_for_the_next
                a_turn_carries_only_the_newest_history
                committed_turns_are_listed_newest_first
                a_failed_turn_is_tried_again_when_it_is_due
                a_turn_that_gives_up_answers_where_it_may
                a_takeover_during_a_turn_silences_it
                a_takeover_that_is_over_or_was_known_at_the_claim_is_the_turns_own_business
                a_turn_books_and_speaks_in_one_transaction
                a_turn_whose_slot_is_gone_says_so_in_its_commit
                a_turn_changes_a_booking_and_speaks_in_one_transaction
                what_a_turn_repeats_under_one_key_is_done_once
                a_reused_key_fails_the_turn_and_leaves_it_claimed
                the_start_voids_claims_of_a_dead_process_only_where_there_is_one_process
                waiting_for_the_next_turn_is_never_too_long
            }
            usage {
                amounts_add_up_per_day
                what_was_paid_in_two_currencies_is_two_sums
                sums_stay_within_what_the_database_can_keep
                adding_at_once_is_exact
                a_budget_is_never_passed_even_when_several_ask_at_once
            }
            waitlist {
                a_wish_is_kept_and_found_who_came_first_first
                wishes_that_cannot_be_are_refused
                an_offer_and_its_notice_are_written_together
                a_notice_needs_a_conversation
                entries_end_in_the_ways_that_are_allowed
                what_is_over_expires
                who_waits_on_keeps_the_place_in_the_queue
            }
        }
    };
    ($database:ident: $($group:ident { $($case:ident)* })*) => {
        $(mod $group {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let worker = env!("CARGO_BIN_EXE_contract-worker");
                $crate::Bed::run($crate::Database::$database, worker, $crate::cases::$group::$case).await;
            })*
        })*

        #[test]
        fn no_case_is_missing_in_the_list() {
            let listed = [$(concat!($(stringify!($group), "::", stringify!($case), "\n"),*)),*].concat();
            assert_eq!(listed.lines().collect::<Vec<_>>(), $crate::all_cases());
        }
    };
}

-- The marts of bench/lakes/floor.py by hand: the same rules, the same inputs, DuckDB alone, in as few steps
-- as the author could find. Statements are separated by a blank line. `cells` and the inputs are there.

-- How growth is told: `now` and `prior` are the comparable figures.
create macro growth_code(now, prior, unit, unlike, least_base, times_from) as
    case
        when now is null or prior is null then unlike
        when now = prior then 'unchanged'
        when unit = 'percent' then 'points'
        when prior = 0 then 'no_base'
        when prior < 0 or (unit in ('count', 'persons') and prior < least_base) then 'difference'
        when round(now / prior, 1) >= times_from then 'times'
        else 'percent'
    end;

create macro growth_value(code, now, prior) as
    case code
        when 'times' then round(now / prior, 1)
        when 'percent' then round(100.0 * (now - prior) / prior, 1)
        when 'points' then round(now - prior, 1)
        when 'difference' then round(now - prior, 1)
    end;

create macro population_share(accepted, expected, known, of) as
    case when accepted >= expected and expected > 0 then 1.0
        else least(coalesce(case when of > 0 then known::double / of::double end,
            case when expected > 0 then accepted::double / expected::double end), 1.0) end;

create macro judged(value, own, share, people, s_units, s_people, f_units, f_people) as
    case when value is null then 'missing' when own then 'final'
        when share < s_units or people < s_people then 'withheld'
        when share >= f_units and people >= f_people then 'final' else 'partial' end;

create table above as
    with recursive up as (
        select territory_kato as unit, territory_kato as territory, 0 as depth from territories
        union all
        select up.unit, t.parent_kato, up.depth + 1
        from up join territories as t on t.territory_kato = up.territory
        where t.parent_kato is not null
    )
    from up;

-- Who reported what, and whom each report counts towards.
create table sent as
    select s.submission_id, s.form_code, s.form_version, s.period_month as month, s.received_at,
        s.verdict,
        coalesce(n.territory_kato, s.territory_kato) as unit
    from submissions as s
    left join (select distinct submission_id, territory_kato from cells) as n using (submission_id)
    where s.is_in_force;

create table children as
    select t.parent_kato as unit, t.territory_kato as child, p.period_month as month,
        count(*) over (partition by unit, month) as siblings
    from territories as t
    join periods as p on t.valid_from <= last_day(p.period_month)
        and coalesce(t.valid_to >= p.period_month, true)
    where t.parent_kato is not null;

create table reporting as
    with giving_way as (
        select o.submission_id, o.unit
        from sent as o
        join coverage_rules as r on r.form_code = o.form_code and r.where_both_exist = 'districts'
        join children as c on c.unit = o.unit and c.month = o.month
        left join sent as p
            on p.unit = c.child and p.form_code = o.form_code and p.month = o.month
        group by all having count(*) = count(p.submission_id)
    ),
    kept as (from sent anti join giving_way using (submission_id, unit)),
    consolidated as (
        select b.submission_id, b.unit, min(u.depth) as nearest
        from kept as b
        join above as u on u.unit = b.unit and u.depth > 0
        join kept as a on a.unit = u.territory and a.form_code = b.form_code and a.month = b.month
        group by all
    )
    select k.form_code, k.month, u.territory, k.unit, u.depth, k.submission_id, k.received_at,
        k.verdict, p.population
    from kept as k
    join above as u using (unit)
    left join consolidated as c using (submission_id, unit)
    left join population as p on p.territory_kato = k.unit and p.period_month = k.month
    where coalesce(u.depth < c.nearest, true);

create table coverage as
    with due as (
        select form_code, territory_kato as unit, period_month as month, deadline_at
        from expected_submitters
    ),
    due_above as (
        select b.form_code, b.unit, b.month, min(u.depth) as nearest
        from due as b
        join above as u on u.unit = b.unit and u.depth > 0
        join due as a on a.unit = u.territory and a.form_code = b.form_code and a.month = b.month
        group by all
    ),
    expected as (
        select due.*, u.territory
        from due
        join above as u using (unit)
        left join due_above as d using (form_code, unit, month)
        where coalesce(u.depth < d.nearest, true)
    ),
    from_above as (
        select e.form_code, e.month, e.territory, e.unit, min(r.received_at) as moment
        from expected as e
        join above as u on u.unit = e.unit
        join reporting as r on r.form_code = e.form_code and r.month = e.month
            and r.territory = e.territory and r.unit = u.territory
        group by all
    ),
    from_below as (
        select e.form_code, e.month, e.unit,
            case when count(*) = count(r.unit) then max(r.received_at) end as moment
        from (select distinct form_code, month, unit from due) as e
        join children as c on c.unit = e.unit and c.month = e.month
        left join reporting as r on r.form_code = e.form_code and r.month = e.month
            and r.unit = c.child and r.territory = c.child
        group by all
    ),
    first_sent as (
        select form_code, territory_kato as unit, period_month as month,
            min(received_at) as moment, any_value(received_at) filter (is_in_force) as in_force
        from submissions group by all
    ),
    units as (
        select e.*, p.population, coalesce(a.moment, s.in_force, b.moment) as covered_at,
            coalesce(s.moment, covered_at) as received_at
        from expected as e
        left join from_above as a using (form_code, month, territory, unit)
        left join from_below as b using (form_code, month, unit)
        left join first_sent as s using (form_code, month, unit)
        left join population as p on p.territory_kato = e.unit and p.period_month = e.month
    ),
    waited_for as (
        select form_code, month, territory, count(*) as expected,
            count(received_at) as received, count(covered_at) as accepted,
            count(*) filter (received_at <= deadline_at) as on_time,
            case when count(population) = count(*) then sum(population)::bigint end as people
        from units group by all
    ),
    reported as (
        select form_code, month, territory, count(*) as reporting,
            max(submission_id) filter (depth = 0) as own_id
        from reporting group by all
    )
    select form_code, month, territory,
        coalesce(expected, 0)::integer as expected, coalesce(received, 0)::integer as received,
        coalesce(accepted, 0)::integer as accepted, coalesce(on_time, 0)::integer as on_time,
        coalesce(reporting, 0)::integer as reporting, people, own_id is not null as is_own,
        columns(r.* exclude (form_code, where_both_exist))
    from waited_for
    full join reported using (form_code, month, territory)
    join coverage_rules as r using (form_code);

-- Indicators: what each unit told, its months, and derived indicators.
create table told as
    with wanted as (
        select indicator_code, form_code, form_version, basis, count(*) as cells
        from indicator_sources group by all
    ),
    summed as (
        select o.indicator_code, o.form_code, o.form_version, o.basis, c.submission_id,
            c.territory_kato as unit, count(c.value) as cells, sum(o.sign * c.value) as value
        from cells as c
        join indicator_sources as o using (section, line, column_number)
        group by all
    )
    select summed.* exclude (cells, form_code, form_version), s.month, s.received_at
    from summed
    join wanted using (indicator_code, form_code, form_version, basis, cells)
    join sent as s using (submission_id, unit, form_code, form_version);

create table series as
    with parts as (
        select t.indicator_code, c.unit, t.month, sum(t.value) as value
        from told as t
        join (select indicator_code, territory_aggregation from indicators) as i
            using (indicator_code)
        join children as c on c.child = t.unit and c.month = t.month
        where t.basis = 'ytd' and i.territory_aggregation = 'sum'
        group by t.indicator_code, c.unit, t.month
        having count(*) = any_value(c.siblings)
    ),
    own as (
        select t.indicator_code, t.unit, t.month, t.submission_id, t.value, true as is_own
        from told as t
        join (select indicator_code, form_code from indicators) as i using (indicator_code)
        left join coverage_rules as r using (form_code)
        left join parts as p using (indicator_code, unit, month)
        where t.basis = 'ytd'
            and (p.unit is null or coalesce(r.where_both_exist, 'summary') <> 'districts')
    ),
    told_or_made as (
        from own union all by name
        select p.*, false as is_own
        from parts as p
        semi join own using (indicator_code, unit)
        anti join own using (indicator_code, unit, month)
    ),
    followed as (
        select *, value - coalesce(lag(value) over w, 0) as increase,
            coalesce((lag(month) over w + interval 1 month)::date, date_trunc('year', month)::date)
                as start
        from told_or_made
        window w as (partition by indicator_code, unit, year(month) order by month)
    ),
    joined as (
        select f.*, i.is_derived, i.measure_type = 'stock' as is_stock,
            m.value::decimal(18, 4) as printed
        from followed as f
        join indicators as i using (indicator_code)
        left join told as m
            on m.indicator_code = f.indicator_code and m.unit = f.unit and m.month = f.month
            and m.basis = 'month'
        where is_own
    )
    select indicator_code, unit, month, 'ytd' as basis, is_derived, submission_id, value,
        null::decimal(18, 4) as printed, value as span_value,
        date_trunc('year', month)::date as start
    from joined
    union all
    select indicator_code, unit, month, 'month', is_derived, submission_id,
        case when is_stock then value when start = month then increase end, printed,
        case when is_stock then value else increase end, case when is_stock then month else start end
    from joined;

create table unit_values as
    with wanted as (
        select indicator_code, count(*) as components,
            count(*) filter (role = 'denominator') as denominators
        from indicator_formulas group by all
    ),
    component as (
        select f.indicator_code, f.role, f.sign, s.unit, s.month, s.basis, s.value, s.start,
            month(s.month) - month(s.start) + 1 as months, s.submission_id
        from indicator_formulas as f
        join series as s on s.indicator_code = f.component_code
    ),
    components as (
        from component union all by name
        select f.indicator_code, f.role, f.sign, c.unit, c.month, c.basis,
            p.population::decimal(18, 4) as value
        from indicator_formulas as f
        join (select distinct indicator_code, unit, month, basis from component) as c
            using (indicator_code)
        join population as p on p.territory_kato = c.unit and p.period_month = c.month
        where f.component_code = 'population'
    ),
    derived as (
        select indicator_code, unit, month, basis, count(value) as components,
            sum(sign * value) filter (role = 'numerator') as numerator,
            sum(sign * value) filter (role = 'denominator') as denominator,
            min(start) as start, max(months) as months,
            case when min(submission_id) = max(submission_id) then min(submission_id) end
                as submission_id
        from components group by all
    )
    select indicator_code, unit, month, basis, value as numerator, null as denominator, printed,
        span_value, start, month(month) - month(start) + 1 as months, submission_id
    from series where not is_derived
    union all by name
    select d.* exclude (components, numerator, denominator),
        case when d.components = w.components then numerator end as numerator,
        case when d.components = w.components and denominators > 0 then denominator end
            as denominator
    from derived as d
    join wanted as w using (indicator_code);

create table placed as
    with here as (
        select v.*, r.territory, r.depth, r.population, r.verdict, r.received_at,
            w.indicator_code is not null as has_warning,
            exists (
                from territories as t
                where t.split_from_kato = v.unit and last_day(v.month) >= t.valid_from
                    and t.valid_from > case when v.basis = 'ytd'
                        then date_trunc('year', v.month - interval 12 month)
                        else v.month - interval 12 month end
            ) as is_redrawn
        from unit_values as v
        join indicators as i using (indicator_code)
        join reporting as r
            on r.form_code = i.form_code and r.month = v.month and r.unit = v.unit
        left join (
            select distinct o.indicator_code, f.submission_id, f.territory_kato as unit
            from (
                select indicator_code, form_code, form_version, section, line, column_number
                from indicator_sources
                union
                select f.indicator_code, s.form_code, s.form_version, s.section, s.line, s.column_number
                from indicator_formulas as f
                join indicator_sources as s on s.indicator_code = f.component_code
            ) as o
            join findings as f on f.section = o.section and f.line = o.line
                and coalesce(f.column_number, o.column_number) = o.column_number and f.severity = 'warning'
            join submissions as s on s.submission_id = f.submission_id and s.is_in_force
                and s.form_code = o.form_code and s.form_version = o.form_version
        ) as w on w.indicator_code = v.indicator_code and w.submission_id = v.submission_id
            and w.unit = v.unit
    )
    select h.*, p.numerator as prior_numerator, p.denominator as prior_denominator,
        h.numerator is not null and p.numerator is not null and not h.is_redrawn as is_comparable
    from here as h
    left join here as p
        on p.indicator_code = h.indicator_code and p.territory = h.territory and p.unit = h.unit
        and p.basis = h.basis and p.month = (h.month - interval 12 month)::date;

create table totals as
    select indicator_code, territory, month, basis, sum(numerator) as numerator,
        sum(denominator) as denominator, count(numerator) as units_known,
        sum(population) filter (numerator is not null) as people,
        count(population) filter (numerator is not null) as units_with_people,
        sum(numerator) filter (is_comparable) as now_numerator,
        sum(denominator) filter (is_comparable) as now_denominator,
        sum(prior_numerator) filter (is_comparable) as prior_numerator,
        sum(prior_denominator) filter (is_comparable) as prior_denominator,
        count(*) filter (is_comparable) as comparable,
        case when count(printed) = count(*) then sum(printed) end as printed,
        case when min(start) = max(start) and count(span_value) = count(*) then sum(span_value) end
            as span_value,
        case when min(start) = max(start) then min(start) end as start,
        case when min(start) = max(start) then max(months) end as months,
        max(submission_id) filter (depth = 0) as submission_id, bool_or(has_warning) as has_warning,
        bool_or(verdict = 'accepted_with_warnings') as has_submission_warning,
        max(received_at) as received_at
    from placed group by all;

create table left_out as
    with each as (
        select indicator_code, territory, month, basis, unit,
            prior_numerator is not null as is_known
        from placed where not is_comparable
        union all
        select l.indicator_code, l.territory, (l.month + interval 12 month)::date, l.basis, l.unit,
            l.numerator is not null
        from placed as l
        left join placed as n
            on n.indicator_code = l.indicator_code and n.territory = l.territory
            and n.unit = l.unit and n.basis = l.basis
            and n.month = (l.month + interval 12 month)::date
        where n.unit is null
    ),
    counted as (
        select indicator_code, territory, month, basis, count(*) as units, min(unit) as unit,
            bool_or(is_known) as is_known
        from each group by all
    ),
    -- Ordering names is dear, and nearly every territory leaves out itself alone.
    named as (
        select indicator_code, territory, month, basis,
            string_agg(t.name_ru, '; ' order by t.name_ru) as units
        from each
        semi join (from counted where units > 1) using (indicator_code, territory, month, basis)
        join territories as t on t.territory_kato = each.unit
        group by all
    )
    select c.indicator_code, c.territory, c.month, c.basis, coalesce(n.units, t.name_ru) as units,
        c.is_known
    from counted as c
    join territories as t on t.territory_kato = c.unit
    left join named as n using (indicator_code, territory, month, basis);

create table series_break as
    with begun as (
        select b.*, p.period_month as month, x.basis,
            x.basis = 'ytd' and i.measure_type <> 'stock' as is_cumulative
        from series_breaks as b
        join periods as p on b.from_month <= p.period_month
        join indicators as i using (indicator_code)
        cross join (values ('month'), ('ytd')) as x(basis)
        qualify row_number() over (
            partition by b.indicator_code, month, x.basis order by b.from_month desc
        ) = 1
    )
    select indicator_code, month, basis, from_month, break_code as prior_year,
        case when not is_cumulative and month - interval 1 month < settled_month then break_code end
            as previous_month,
        case when (case when is_cumulative then date_trunc('year', month) else month end)
            < settled_month then break_code end as inside
    from begun
    where settled_month > case when is_cumulative
        then date_trunc('year', month - interval 12 month) else month - interval 12 month end;

create table marts.fct_indicator_values as
    with joined as (
        select c.*, i.indicator_code, i.unit, i.measure_type, i.formula_scale as scale, x.basis,
            t.* exclude (indicator_code, territory, month, basis, people),
            l.units as left_out, coalesce(l.is_known, false) as is_left_out_known,
            (i.territory_aggregation <> 'none' or scale is not null or is_own)
                as is_summable,
            greatest(c.accepted - (c.reporting - coalesce(t.units_known, 0)), 0) as counted,
            case when t.units_known = t.units_with_people then t.people end as known_people
        from coverage as c
        join indicators as i using (form_code)
        cross join (values ('month'), ('ytd')) as x(basis)
        left join totals as t using (indicator_code, territory, month, basis)
        left join left_out as l using (indicator_code, territory, month, basis)
    ),
    valued as (
        select *,
            case when not is_summable then null when scale is null then numerator::double
                when denominator > 0 then scale * numerator::double / denominator::double end
                as value,
            case when scale is null then now_numerator::double when now_denominator > 0
                then scale * now_numerator::double / now_denominator::double end as now,
            case when scale is null then prior_numerator::double when prior_denominator > 0
                then scale * prior_numerator::double / prior_denominator::double end as prior,
            case when expected > 0 then counted::double / expected::double end as share,
            population_share(counted, expected, known_people, people) as people_share
        from joined
    ),
    judged as (
        select *, judged(value, is_own, share, people_share, shown_from_units,
                shown_from_population, final_from_units, final_from_population) as status,
            status in ('final', 'partial') as is_shown
        from valued
    ),
    grown as (
        select j.*, g.*, b.from_month, b.prior_year, b.previous_month, b.inside, p.population_date,
            coalesce(comparable, 0) = 0 and is_left_out_known as is_none,
            growth_code(now, prior, unit, case when is_none then 'not_comparable' end,
                minimal_base, times_from) as code
        from judged as j
        cross join growth_rules as g
        left join series_break as b using (indicator_code, month, basis)
        left join population as p on p.territory_kato = j.territory and p.period_month = j.month
    )
    select indicator_code, territory as territory_kato, month as period_month, basis,
        case when is_shown then value end as value,
        case when is_shown or is_own then numerator::double end as numerator,
        case when is_shown or is_own then denominator::double end as denominator,
        case when is_shown then prior end as value_prior_year,
        case when is_shown then now end as value_comparable,
        case when is_shown then now - prior end as change_abs,
        case when is_shown and prior > 0 then 100.0 * (now - prior) / prior end as change_pct,
        case when is_shown then code end as growth_code,
        case when is_shown then growth_value(code, now, prior) end as growth_value,
        case when is_shown and measure_type = 'flow' and unit in ('count', 'persons')
            and known_people > 0 then 100000.0 * value / known_people::double end as per_100k,
        known_people::bigint as population, population_date,
        coalesce(comparable, 0)::integer as comparable_units,
        case when comparable > 0 then left_out end as left_out_units,
        prior_year as break_prior_year, from_month as break_from, previous_month as break_previous_month,
        inside as break_inside,
        case when is_own or is_shown then printed::double end as value_printed,
        case when is_own or accepted >= expected then span_value::double end as span_value,
        start as span_start, months::integer as span_months, status,
        case when status = 'final' then null
            when status = 'withheld' then 'coverage_below_threshold'
            when status = 'partial' then 'coverage_incomplete'
            when reporting = 0 and received > 0 then 'rejected'
            when reporting = 0 then 'not_received'
            when not is_summable then 'not_additive'
            when numerator is not null then 'denominator_not_positive'
            when basis = 'month' and (months > 1
                or (units_known = 0 and start is null and received_at is not null))
                then 'previous_month_missing'
            else 'cell_blank' end as status_reason,
        expected as expected_units, received as received_units, on_time as on_time_units,
        counted::integer as accepted_units, share as coverage_share,
        people_share as population_coverage_share, coalesce(has_warning, false) as has_warning,
        coalesce(has_submission_warning, false) as has_submission_warning, form_code,
        submission_id, received_at as received_at_max
    from grown;

-- Offences: the measures of a line side by side, counts and so exact in doubles.
create table offence as
    with pivoted as (
        select m.offence_code, m.form_code, m.form_version, c.submission_id,
            sum(value) filter (measure = 'registered') as m_registered,
            sum(value) filter (measure = 'ended') as m_ended,
            sum(value) filter (measure = 'sent_to_court') as m_sent_to_court,
            sum(value) filter (measure = 'interrupted') as m_interrupted,
            sum(value) filter (measure = 'unsolved') as m_unsolved,
            sum(value) filter (measure = 'against_women') as m_against_women,
            sum(value) filter (measure = 'against_minors') as m_against_minors,
            sum(value) filter (measure = 'public_place') as m_public_place,
            sum(value) filter (measure = 'street') as m_street,
            sum(value) filter (measure = 'domestic') as m_domestic,
            sum(value) filter (measure = 'committed_in_past_years') as m_committed_in_past_years,
            sum(value) filter (measure = 'expired') as m_expired,
            sum(value) filter (measure = 'transferred') as m_transferred,
            sum(value) filter (measure = 'in_production') as m_in_production,
            sum(value) filter (measure = 'registered_in_month_reported') as printed
        from (select * replace (value::double as value) from cells) as c
        join offence_measures as m using (section, line, column_number)
        group by all
    ),
    known as (
        select p.*, s.territory_kato as unit, s.period_month as month,
            coalesce(
                (lag(month) over (
                    partition by offence_code, unit, year(month) order by month
                ) + interval 1 month)::date,
                date_trunc('year', month)::date
            ) as start
        from pivoted as p
        join submissions as s using (submission_id, form_code, form_version)
        where s.is_in_force
    ),
    months as (
        select offence_code, unit, form_code, month, submission_id, printed, start,
            case when start <> month then null when month(month) = 1 then columns('^m_')
                else columns('^m_') - lag(columns('^m_')) over (
                    partition by offence_code, unit, year(month) order by month
                ) end
        from known
    )
    select * replace (null as m_in_production), 'month' as basis from months
    union all by name
    select * replace (null as printed, date_trunc('year', month)::date as start), 'ytd' as basis
    from known;

create table offence_totals as
    with warned as (
        select distinct m.offence_code, f.submission_id
        from findings as f
        join submissions as s on s.submission_id = f.submission_id and s.is_in_force
        join offence_measures as m on m.form_code = s.form_code
            and m.form_version = s.form_version and m.section = f.section
            and m.line = f.line and coalesce(f.column_number, m.column_number) = m.column_number
        where f.severity = 'warning'
    ),
    alone as (
        select form_code, month, territory
        from reporting group by all having count(*) = 1 and max(depth) = 0
    ),
    placed as (
        select o.* exclude (submission_id), r.territory, r.depth, r.population, r.received_at,
            r.submission_id, w.offence_code is not null as has_warning,
            a.territory is not null as is_alone
        from offence as o
        join reporting as r using (form_code, month, unit)
        left join warned as w
            on w.offence_code = o.offence_code and w.submission_id = o.submission_id
        left join alone as a
            on a.form_code = r.form_code and a.month = r.month and a.territory = r.territory
    )
    select offence_code, form_code, territory, month, basis,
        count(m_registered) as units_known,
        sum(population) filter (m_registered is not null) as people,
        count(population) filter (m_registered is not null) as units_with_people,
        case when count(columns('^m_')) = count(m_registered) then sum(columns('^m_')) end,
        case when count(printed) = count(*) then sum(printed) end as printed,
        case when min(start) = max(start) then min(start) end as start,
        max(submission_id) filter (depth = 0) as submission_id,
        bool_or(has_warning) as has_warning, max(received_at) as received_at
    from placed where not is_alone group by all
    union all by name
    select offence_code, form_code, territory, month, basis,
        (m_registered is not null)::integer as units_known,
        case when m_registered is not null then population end as people,
        (m_registered is not null and population is not null)::integer as units_with_people,
        case when (columns('^m_') is null) = (m_registered is null) then columns('^m_') end,
        printed, start, submission_id, has_warning, received_at
    from placed where is_alone;

create table marts.fct_crimes as
    with joined as (
        select t.*, c.* exclude (form_code, month, territory, people),
            greatest(c.accepted - (c.reporting - t.units_known), 0) as counted,
            case when expected > 0 then counted::double / expected::double end as share,
            population_share(counted, expected,
                case when t.units_known = t.units_with_people then t.people end, c.people)
                as people_share,
            judged(m_registered, is_own, share, people_share, shown_from_units,
                shown_from_population, final_from_units, final_from_population) as status
        from offence_totals as t
        join coverage as c using (form_code, territory, month)
    )
    select offence_code, territory as territory_kato, month as period_month, basis,
        case when status <> 'withheld' then columns('^m_(.*)$')::bigint end as '\1',
        case when is_own or status in ('final', 'partial') then printed::bigint end
            as registered_in_month_reported,
        status,
        case when status = 'withheld' then 'coverage_below_threshold'
            when status = 'partial' then 'coverage_incomplete'
            when status = 'missing' and basis = 'month' and coalesce(start, month) <> month
                then 'previous_month_missing'
            when status = 'missing' then 'cell_blank' end as status_reason,
        start as span_start, expected as expected_units, received as received_units,
        on_time as on_time_units, counted::integer as accepted_units, share as coverage_share,
        people_share as population_coverage_share, has_warning, submission_id,
        received_at as received_at_max
    from joined;

create table marts.fct_traffic as
    from marts.fct_crimes semi join (from offences where is_traffic) using (offence_code);

create table marts.fct_drugs as
    from marts.fct_crimes semi join (from offences where is_drugs) using (offence_code);

create table marts.dim_territory as
    with people as (
        select territory_kato, arg_max(population, period_month) as population,
            arg_max(population_date, period_month) as population_date
        from population group by all
    )
    select t.territory_kato, t.parent_kato, t.territory_level, o.territory_kato as oblast_kato,
        o.name_ru as oblast_name_ru, o.name_kk as oblast_name_kk,
        (select max(depth) from above where unit = t.territory_kato)::integer as depth,
        t.iso_3166_2, t.name_ru, t.name_kk, t.name_en, t.label_ru, t.label_kk,
        t.label_en, t.valid_from, t.valid_to,
        t.valid_to is null as is_current, t.predecessor_kato, t.split_from_kato, p.population,
        p.population_date
    from territories as t
    left join (
        select a.unit, x.* from above as a
        join territories as x on x.territory_kato = a.territory
            and x.territory_level in ('oblast', 'republican_city')
    ) as o on o.unit = t.territory_kato
    left join people as p on p.territory_kato = t.territory_kato;

create table marts.dim_offence as
    select offence_code, line, line_order, valid_from, valid_to, parent_offence_code, name_ru,
        name_kk, name_en, article, chapter, offence_kind, severity,
        coalesce(severity = 'misdemeanour', false) as is_misdemeanour,
        coalesce(severity in ('grave', 'especially_grave'), false) as is_grave_or_worse,
        offence_kind in ('total', 'severity', 'breakdown', 'chapter') as is_total, is_traffic,
        is_drugs
    from offences;

create table marts.dim_indicator as
    select i.indicator_code, domain, name_ru, name_kk, name_en, unit, measure_type,
        territory_aggregation, time_aggregation, i.form_code, parent_code, dimension,
        s.source_coordinates, article, iccs_code, is_derived, formula_scale, formula_version,
        is_verified, is_ranked
    from indicators as i
    left join (
        select indicator_code, string_agg(concat_ws('/', section, line, column_number), '; '
            order by section, line, column_number) as source_coordinates
        from indicator_sources where basis = 'ytd' group by all
    ) as s using (indicator_code);

create table marts.dim_series_break as
    select break_code, indicator_code, from_month, settled_month, reason_ru, reason_kk, reason_en,
        source_name, note, is_inherited, is_verified
    from series_breaks;

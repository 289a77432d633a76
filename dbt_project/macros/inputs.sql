{#-
  The build inputs are Parquet files (see docs/data-model.md). Before a run they are registered
  as views named after their source, so that models read `source()` on every engine; where engines
  differ a macro is dispatched.
-#}
{% macro inputs_directory() -%}
    {{ return(env_var('MVD_DBT_INPUTS', 'inputs')) }}
{%- endmacro %}


{% macro register_inputs() %}
    {% if not execute or flags.WHICH not in ['run', 'build', 'test'] %}{{ return('') }}{% endif %}
    {% set registered = [] %}
    {% for node in graph.sources.values() %}
        {% set schema = api.Relation.create(database=node.database, schema=node.schema) %}
        {% if node.schema not in registered %}
            {% do adapter.create_schema(schema) %}
            {% do registered.append(node.schema) %}
        {% endif %}
        {% set relation = node.schema ~ '.' ~ node.identifier %}
        {% if node.name == 'cells' %}
            {% do register_cells(relation, read_cell_files()) %}
        {% else %}
            {% set file = node.identifier ~ '.parquet' %}
            {% do register_view(relation, read_parquet_files(inputs_directory(), [file])) %}
        {% endif %}
    {% endfor %}
{% endmacro %}


{% macro register_view(relation, reader) %}
    {% do run_query('create or replace view ' ~ relation ~ ' as select * from ' ~ reader) %}
{% endmacro %}


{#- Of the cells only those at coordinates that an indicator or a measure needs. -#}
{% macro register_cells(relation, reader) %}
    {{ return(adapter.dispatch('register_cells')(relation, reader)) }}
{% endmacro %}


{#- What DuckDB reads is extracted before (warehouse.build.cell_cache). -#}
{% macro default__register_cells(relation, reader) %}
    {% do register_view(relation, reader) %}
{% endmacro %}


{#- Spark reads the lake itself: once, as several models ask for the cells. -#}
{% macro spark__register_cells(relation, reader) %}
    {% set needed = [] %}
    {% for name in ['indicator_sources', 'offence_measures'] %}
        {% set source = read_parquet_files(inputs_directory(), [name ~ '.parquet']) %}
        {% do needed.append('select section, line, column_number from ' ~ source) %}
    {% endfor %}
    {% do run_query(
        'create table ' ~ relation ~ ' using parquet as select cells.* from ' ~ reader
        ~ ' as cells left semi join (' ~ needed | join(' union ') ~ ') as needed'
        ~ ' on cells.section = needed.section and cells.line = needed.line'
        ~ ' and cells.graph = needed.column_number'
    ) %}
{% endmacro %}


{#- Only the listed files are opened; with none, the empty file of the inputs. -#}
{% macro read_cell_files() %}
    {% set listing = run_query(
        'select distinct path from '
        ~ read_parquet_files(inputs_directory(), ['cell_files.parquet'])
        ~ ' order by path'
    ) %}
    {% set paths = listing.columns[0].values() | list %}
    {% if not paths %}{{ return(read_parquet_files(inputs_directory(), ['no_cells.parquet'])) }}{% endif %}
    {{ return(read_parquet_files(env_var('MVD_DBT_LAKE', 'lake'), paths)) }}
{% endmacro %}


{#- What to select from, for files named by their paths below a folder. -#}
{% macro read_parquet_files(folder, paths) %}
    {{ return(adapter.dispatch('read_parquet_files')(folder, paths)) }}
{% endmacro %}


{% macro default__read_parquet_files(folder, paths) %}
    {% set quoted = [] %}
    {% for path in paths %}
        {% do quoted.append("'" ~ (folder ~ '/' ~ path) | replace("'", "''") ~ "'") %}
    {% endfor %}
    {{ return('read_parquet([' ~ quoted | join(', ') ~ '])') }}
{% endmacro %}


{#- One pattern for all of them: with a branch of the plan for each file planning would not end. -#}
{% macro spark__read_parquet_files(folder, paths) %}
    {% set names = paths[0] if paths | length == 1 else '{' ~ paths | join(',') ~ '}' %}
    {{ return('parquet.`' ~ folder ~ '/' ~ names ~ '`') }}
{% endmacro %}

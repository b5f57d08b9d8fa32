"""Documents for people: HTML pages, notebook fragments, and displaCy's dictionary.

Everything that comes from a text is escaped; what is rendered loads nothing from anywhere.
"""

from ie_model.render.displacy import displacy_dict
from ie_model.render.page import render_fragment, render_page, render_view
from ie_model.render.table import TABLE_COLUMNS, table_cells

__all__ = ["TABLE_COLUMNS", "displacy_dict", "render_fragment", "render_page", "render_view", "table_cells"]

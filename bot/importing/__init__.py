"""Spreadsheets of the survey world become flows: XLSForm, the format of ODK and Kobo. Pure: bytes in, texts out.

    workbook   bytes -> rows by sheet, with their numbers       the only home of pyxform and xlrd
    survey     rows  -> questions, in the order they are asked  what each is, and what it cannot be here
    xpath      an expression as a tree, and what it is worth for given answers
    bounds     a constraint -> least, most, what stands alone   found by trying answers
    relevance  when a question is asked -> comparisons          found by trying answers
    writing    questions -> the files of a flow
    xlsform    all of it together, with what could not be carried

What a sheet says and a flow cannot is a `Loss`, with sheet and row. Nothing that changes the meaning goes unsaid.
"""
